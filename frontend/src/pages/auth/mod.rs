//! The ways in: signing in and creating an account.

mod door;
mod login;
mod register;

pub use login::LoginPage;
pub use register::RegisterPage;
