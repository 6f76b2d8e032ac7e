/** The looks of the report: light or dark as the reader has it, for screens of any width and for paper. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f6f6f3;--card:#fff;--ink:#1d2126;--soft:#666e78;--line:#e3e3de;
--good:#3f9b5f;--good-ink:#256b3e;--good-wash:#e4f3e9;--bad:#d04a3c;--bad-ink:#a5281b;--bad-wash:#fbe7e4;
--warn:#dfa43a;--warn-ink:#8a5c08;--warn-wash:#fbf1dc;--none:#d9dad6}
@media (prefers-color-scheme:dark){:root{--page:#14171a;--card:#1c2024;--ink:#e6e8ea;--soft:#98a1ab;--line:#2c3238;
--good:#4fae72;--good-ink:#84d3a0;--good-wash:#1a3325;--bad:#e06a5c;--bad-ink:#f2998e;--bad-wash:#3d201d;
--warn:#d9a441;--warn-ink:#eac27a;--warn-wash:#3a2e17;--none:#353b42}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 16px;margin-bottom:20px}
h1{font-size:26px;line-height:1.2;margin:0;letter-spacing:-.01em}
header p{margin:0;color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin-bottom:12px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 18px}
.card b{display:block;font-size:24px;line-height:1.25;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.card.alarm b{color:var(--bad-ink)}.card.care b{color:var(--warn-ink)}
.card span{color:var(--soft);font-size:13px}
.bar{display:flex;height:12px;border-radius:6px;overflow:hidden;margin:18px 0 8px;background:var(--none);gap:2px}
.bar i{display:block;min-width:4px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--soft);font-size:13px;margin-bottom:24px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.good{background:var(--good);fill:var(--good)}.bad{background:var(--bad);fill:var(--bad)}
.warn{background:var(--warn);fill:var(--warn)}.none{background:var(--none);fill:var(--none)}
.tools{display:flex;flex-wrap:wrap;gap:8px;margin:0 0 12px;align-items:center}
.tools input{flex:1 1 220px;min-width:0;padding:8px 12px;border:1px solid var(--line);border-radius:9px;background:var(--card);color:inherit;font:inherit}
.tools button{padding:7px 12px;border:1px solid var(--line);border-radius:9px;background:var(--card);color:inherit;font:inherit;cursor:pointer}
.tools button[aria-pressed=true]{background:var(--ink);border-color:var(--ink);color:var(--page)}
.torrent{background:var(--card);border:1px solid var(--line);border-radius:12px;margin-bottom:8px;overflow:hidden}
.torrent[hidden]{display:none}
summary{display:grid;grid-template-columns:92px minmax(0,1fr) 90px 200px 74px 10px;gap:4px 18px;align-items:center;padding:12px 18px;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary::after{content:'';width:7px;height:7px;border:solid var(--soft);border-width:0 1.5px 1.5px 0;transform:translateY(-2px) rotate(45deg)}
details[open]>summary::after{transform:translateY(2px) rotate(225deg)}
summary:hover{background:color-mix(in srgb,var(--ink) 3%,transparent)}
.name{min-width:0}.name strong{font-weight:600;overflow-wrap:anywhere}
.name small{display:block;color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}
.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.chip{display:inline-block;padding:2px 10px;border-radius:99px;font-size:12.5px;font-weight:600;text-align:center}
.chip-good{background:var(--good-wash);color:var(--good-ink)}.chip-bad{background:var(--bad-wash);color:var(--bad-ink)}
.chip-warn{background:var(--warn-wash);color:var(--warn-ink)}.chip-none{background:var(--none);color:var(--ink)}
.strip{display:block;width:100%;height:14px;border-radius:4px}
.details{border-top:1px solid var(--line);padding:14px 18px 18px}
.details p{margin:0 0 8px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 18px;margin:0 0 14px;font-size:13.5px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{text-align:left;font-weight:500;color:var(--soft);white-space:nowrap}
th,td{padding:8px 18px 8px 0;border-top:1px solid var(--line);vertical-align:top}
td:last-child,th:last-child{padding-right:0}
td.path{overflow-wrap:anywhere;min-width:180px}td.map{width:200px;min-width:120px;padding-top:12px}
td ul{margin:0;padding:0;list-style:none;color:var(--soft)}
footer{margin-top:28px;color:var(--soft);font-size:13px}
@media (max-width:760px){main{padding:20px 12px 40px}summary{grid-template-columns:92px minmax(0,1fr) 74px 10px;padding:12px}
summary .size{display:none}summary .map{grid-column:1/-1;grid-row:2}}
@media print{.tools{display:none}.torrent{break-inside:avoid}}
`;

/** Filters by word and by outcome. Without scripts everything is shown. */
export const SCRIPT = `
const find=document.querySelector('#find'),buttons=[...document.querySelectorAll('.tools button')],rows=[...document.querySelectorAll('.torrent')];
let outcome='';
const show=()=>{const word=find.value.trim().toLowerCase();
for(const row of rows)row.hidden=(outcome!==''&&row.dataset.outcome!==outcome)||!row.dataset.text.toLowerCase().includes(word)};
find.addEventListener('input',show);
for(const button of buttons)button.addEventListener('click',()=>{outcome=button.dataset.outcome;
for(const other of buttons)other.setAttribute('aria-pressed',String(other===button));show()});
`;
