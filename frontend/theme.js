// Applies the remembered theme before the first paint. state/theme.rs writes the same key.
try {
  const theme = localStorage.getItem("prompthub.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme stays.
}
