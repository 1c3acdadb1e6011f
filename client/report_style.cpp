#include "client/report_style.hpp"

namespace memdb::client {

const std::string_view kReportStyle = R"css(
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#1b2330;--soft:#5b6675;--line:#e1e5ea;--hatch:#e9ecf0;
--good:#2e9e6b;--warn:#d98e04;--bad:#d5393e;--wait:#8b9bb0;--median:#2563c9;--band:#2563c926}
@media (prefers-color-scheme:dark){:root{--bg:#11151b;--card:#1a2029;--ink:#e6eaf0;--soft:#9aa6b5;--line:#2b333f;--hatch:#222a35;
--good:#3fbf86;--warn:#e8a93a;--bad:#f0636a;--wait:#6f7f95;--median:#7fb0ff;--band:#7fb0ff33}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 40px}
h1{font-size:25px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:19px;margin:34px 0 12px;display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 12px;overflow-wrap:anywhere}
h3{font-size:14px;margin:0 0 12px;color:var(--soft);font-weight:600}
p{margin:0}.sub,.note{color:var(--soft)}.note{font-size:13px;margin-top:10px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:0 0 14px}
.word{font-size:12px;font-weight:600;padding:2px 10px;border-radius:99px;border:1px solid currentColor}
.word.reachable{color:var(--good)}.word.degraded,.word.connecting{color:var(--warn)}.word.unreachable{color:var(--bad)}
.word.stopped{color:var(--soft)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:14px}
.facts div{min-width:0}.facts b{display:block;font-size:23px;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
.facts span{color:var(--soft);font-size:13px}
.lane{display:grid;grid-template-columns:150px 1fr;gap:12px;align-items:center;margin:0 0 7px}
.lane .name{font-size:13px;color:var(--soft);overflow-wrap:anywhere;line-height:1.25}
.bars{display:block;width:100%;height:12px;border-radius:3px;background:var(--hatch)}
.bars.tall{height:30px;border-radius:5px;background:repeating-linear-gradient(135deg,transparent 0 4px,var(--hatch) 4px 8px)}
rect.reachable{fill:var(--good)}rect.degraded{fill:var(--warn)}rect.unreachable,rect.loss{fill:var(--bad)}rect.connecting{fill:var(--wait)}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.axis{position:relative;height:18px;font-size:11px;color:var(--soft);font-variant-numeric:tabular-nums}
.axis span{position:absolute;transform:translateX(-50%);white-space:nowrap;top:3px}
.lanes .axis{margin-left:162px}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin-top:10px}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.i-good{background:var(--good)}.i-warn{background:var(--warn)}.i-bad{background:var(--bad)}.i-wait{background:var(--wait)}
.i-none{background:repeating-linear-gradient(135deg,transparent 0 3px,var(--soft) 3px 4px);border:1px solid var(--line)}
.i-band{background:var(--band)}.legend .i-line{height:2px;width:16px;background:var(--median);vertical-align:4px;border-radius:0}
.nodes{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:22px 28px}
.node h4{margin:0;font-size:14px;font-weight:600;overflow-wrap:anywhere}.node p{font-size:13px;color:var(--soft);margin:0 0 6px;font-variant-numeric:tabular-nums}
.plot{position:relative;padding-left:46px}
.curve{display:block;width:100%;height:110px;border-bottom:1px solid var(--line);overflow:hidden}
.scale{position:absolute;left:0;top:0;width:42px;height:110px;font-size:11px;color:var(--soft);font-variant-numeric:tabular-nums}
.scale span{position:absolute;right:0;transform:translateY(-50%);white-space:nowrap}
.band{fill:var(--band)}.median{fill:none;stroke:var(--median);stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}
table{width:100%;border-collapse:collapse;font-size:14px}
th{text-align:left;font-weight:600;color:var(--soft);font-size:13px;padding:0 14px 6px 0;border-bottom:1px solid var(--line)}
td{padding:8px 14px 8px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
tr:last-child td{border-bottom:0;padding-bottom:0}td.t{white-space:nowrap;font-variant-numeric:tabular-nums}
td code{font:600 13px ui-monospace,"DejaVu Sans Mono",monospace}
.dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
.cert{display:grid;grid-template-columns:170px 1fr 190px;gap:4px 16px;align-items:center;padding:8px 0;border-top:1px solid var(--line)}
.cert:first-of-type{border-top:0}.cert b{font-weight:600}.cert small{display:block;color:var(--soft);font-size:12px;overflow-wrap:anywhere}
.cert .when{text-align:right;font-variant-numeric:tabular-nums}
.life{position:relative;height:8px;border-radius:4px;background:var(--hatch);overflow:hidden}
.life i{position:absolute;left:0;top:0;bottom:0;border-radius:4px 0 0 4px}.life u{position:absolute;top:0;bottom:0;width:3px;background:var(--ink)}
footer{color:var(--soft);font-size:13px;margin-top:26px}
@media (max-width:640px){main{padding:20px 12px 28px}.card{padding:14px}h1{font-size:21px}
.lane{grid-template-columns:1fr;gap:3px}.lanes .axis{margin-left:0}.nodes{grid-template-columns:1fr}
.facts{grid-template-columns:1fr 1fr}.facts b{font-size:20px}
table,tbody{display:block}thead{display:none}td.t{white-space:normal}tr{display:block;padding:9px 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0;padding-bottom:0}
td,tr:last-child td{display:inline;border:0;padding:0}td.t+td.t::before{content:" · "}td.w,tr:last-child td.w{display:block;padding-top:2px}
.cert{grid-template-columns:1fr auto}.cert .life{grid-column:1/-1;grid-row:2}}
@media print{
:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--hatch:#eee;--good:#2e9e6b;--warn:#d98e04;--bad:#d5393e;--wait:#8b9bb0;--median:#2563c9;--band:#2563c926}
body{font-size:11px}main{max-width:none;padding:0}.card,.node,.cert,tr{break-inside:avoid}.card{border-radius:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace memdb::client
