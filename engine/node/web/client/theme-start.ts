// Before the first paint, so that a dark page never flashes.
try {
  const theme = localStorage.getItem('allium-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // Without storage the page follows the system.
}
