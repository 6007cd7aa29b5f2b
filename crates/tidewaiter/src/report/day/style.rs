//! What the page looks like.

/// The style of the page. Colours are named once, and given again for the dark.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f2f4f7;--card:#fff;--ink:#18212d;--dim:#5a6878;--rule:#e3e8ee;\
--good:#1f8f5f;--some:#b7791f;--bad:#c0392b;--held:#5b5f97;--quiet:#9fb3c8;--chip:#eef1f5}\
@media (prefers-color-scheme:dark){:root{--page:#0f141b;--card:#19212c;--ink:#e8ecf1;--dim:#9fb0c3;--rule:#2d3947;\
--good:#3fb27f;--some:#d9a441;--bad:#e5695a;--held:#9196d6;--quiet:#5b7086;--chip:#2a3543}}\
*{box-sizing:border-box}\
body{margin:0;padding:24px 16px 48px;background:var(--page);color:var(--ink);\
font:15px/1.5 -apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}\
main{max-width:960px;margin:0 auto}h1{font-size:24px;line-height:1.25;margin:0}h2{font-size:16px;margin:0 0 10px}\
.sub{color:var(--dim);margin:2px 0 18px}.repo{margin:0 0 36px}\
.card{background:var(--card);border-radius:12px;padding:18px 20px;margin:0 0 14px}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:14px 10px}\
.tile b{display:block;font-size:24px;line-height:1.2;font-variant-numeric:tabular-nums}\
.tile span{color:var(--dim);font-size:13px}.dot{display:inline-block;width:9px;height:9px;border-radius:3px;margin-right:5px}\
.two{display:grid;grid-template-columns:1fr 1fr;gap:14px}.two .card{margin:0}.two{margin:0 0 14px}\
svg{display:block;width:100%;height:150px}.hours{display:flex;justify-content:space-between;color:var(--dim);font-size:12px;margin-top:4px}\
.peak{color:var(--dim);font-size:12px;margin:0 0 4px;display:flex;justify-content:space-between}\
table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;color:var(--dim);font-weight:600;font-size:13px}\
th,td{padding:7px 10px 7px 0;border-top:1px solid var(--rule);vertical-align:top}tr:first-child th{border-top:0;padding-top:0}\
td:last-child,th:last-child{padding-right:0}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
.t{white-space:nowrap}.name{overflow-wrap:anywhere;word-break:break-word}.dim{color:var(--dim);font-size:13px}\
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--chip);border-radius:4px;padding:1px 4px;overflow-wrap:anywhere}\
.chip{display:inline-block;border-radius:9px;padding:0 8px;font-size:12px;font-weight:600;color:#fff;white-space:nowrap}\
.meter{height:5px;border-radius:3px;background:var(--bad);margin-top:4px}\
details summary{cursor:pointer;font-weight:600;padding:2px 0}\
@media (prefers-color-scheme:dark){.chip{color:#0f141b}}\
@media (max-width:640px){body{padding:14px 0 32px}h1,.sub{padding:0 16px}.card{border-radius:0;padding:16px}\
.two{grid-template-columns:1fr}.wide{display:none}.tiles{grid-template-columns:repeat(3,1fr)}.tile b{font-size:20px}}";
