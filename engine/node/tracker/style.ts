/** The style sheet of a tracker's pages: light and dark, one column on a phone. */
export const STYLE = `
:root { color-scheme: light dark; --back: #f6f5f2; --card: #ffffff; --ink: #1d1c1a; --soft: #6d6a64;
  --line: #e4e1da; --good: #3b7d4f; --busy: #2f6db3; --bad: #b3372f; --warn: #9a6a00; --track: #ece9e2; }
@media (prefers-color-scheme: dark) { :root { --back: #161614; --card: #1f1f1c; --ink: #eceae4; --soft: #9b978e;
  --line: #33322d; --good: #6cc08a; --busy: #74aef0; --bad: #f0857c; --warn: #e0b14a; --track: #2c2b27; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1.25rem; }
h1 { font-size: 1.4rem; margin: 0; letter-spacing: -.01em; }
.soft { color: var(--soft); }
.num { font-variant-numeric: tabular-nums; white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0 0 1.25rem;
  padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.tiles b { display: block; font-size: 1.25rem; font-weight: 600; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .6rem .9rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; color: var(--soft); font-size: .85rem; }
th:first-child, td:first-child { text-align: left; width: 46%; }
tr:last-child td { border-bottom: 0; }
footer { margin-top: 1.25rem; font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; }
a { color: inherit; }
@media (max-width: 40rem) { th:nth-child(2), td:nth-child(2), th:nth-child(6), td:nth-child(6) { display: none; }
  th, td { padding: .6rem .5rem; } }
`;
