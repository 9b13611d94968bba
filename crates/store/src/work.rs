//! Running a caller's closure on a connection so that whatever it does leaves the connection usable.
//!
//! Owns the rule that a panic stays with the one who caused it. Must not know which database it is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::{Connection, QueryResult, connection::TransactionManager};

use crate::{Conn, StoreError};

type Transactions = <Conn as Connection>::TransactionManager;

/// Runs `f`. A panic becomes [`StoreError::Internal`], and transactions that it left open end.
pub(crate) fn run<T, E, F>(conn: &mut Conn, f: F) -> Result<T, E>
where
    F: FnOnce(&mut Conn) -> Result<T, E>,
    E: From<StoreError>,
{
    let before = depth(conn);
    let panic = match catch_unwind(AssertUnwindSafe(|| f(conn))) {
        Ok(result) => return result,
        Err(panic) => panic,
    };
    // Diesel does not roll back while unwinding.
    while depth(conn) > before {
        if let Err(error) = rollback(conn) {
            tracing::error!(%error, "cannot roll back after a panic");
            break;
        }
    }
    let text = panic
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Err(StoreError::Internal(text).into())
}

/// Runs `f` in a transaction, or in a savepoint of the one that is open. The outer result says
/// whether the transaction could be begun and ended.
pub(crate) fn run_in_transaction<T, E, F>(conn: &mut Conn, f: F) -> QueryResult<Result<T, E>>
where
    F: FnOnce(&mut Conn) -> Result<T, E>,
    E: From<StoreError>,
{
    Transactions::begin_transaction(conn)?;
    let result = run(conn, f);
    if result.is_ok() {
        commit(conn)?;
    } else {
        rollback(conn)?;
    }
    Ok(result)
}

pub(crate) fn commit(conn: &mut Conn) -> QueryResult<()> {
    Transactions::commit_transaction(conn)
}

pub(crate) fn rollback(conn: &mut Conn) -> QueryResult<()> {
    Transactions::rollback_transaction(conn)
}

/// Whether the connection is outside every transaction and may be used again.
pub(crate) fn is_idle(conn: &mut Conn) -> bool {
    matches!(
        Transactions::transaction_manager_status_mut(conn).transaction_depth(),
        Ok(None)
    )
}

/// How many transactions and savepoints are open; none when Diesel has lost count, since then
/// nothing can be rolled back and the connection is thrown away.
fn depth(conn: &mut Conn) -> u32 {
    match Transactions::transaction_manager_status_mut(conn).transaction_depth() {
        Ok(Some(depth)) => depth.get(),
        Ok(None) | Err(_) => 0,
    }
}
