#include "diff/report_page.h"

namespace tinderbox::diff {

const std::string_view kPageStyle = R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d9dee4;--accent:#0b62c4;
--old:#b3261e;--oldbg:#fdecea;--oldmark:#f6b9b3;--new:#116329;--newbg:#e6f6ea;--newmark:#a5e0b5;--chg:#8a5a00;--chgbg:#fff4d6;--same:#9aa4af}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171c23;--ink:#e4e9ef;--soft:#9aa6b2;--line:#2c343e;--accent:#6cb0ff;
--old:#ff9d94;--oldbg:#331b1b;--oldmark:#7a2a26;--new:#7ee2a0;--newbg:#12291b;--newmark:#1f6236;--chg:#f0c46a;--chgbg:#2e2610;--same:#55606c}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main,header,footer{max-width:1500px;margin:0 auto;padding:0 20px}
header{padding-top:24px}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 10px;text-wrap:balance}
h2{font-size:1.08rem;margin:0 0 10px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;margin:16px 0;min-width:0}
dl.io{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:0 0 4px}
dl.io dt{color:var(--soft)}dl.io dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.92em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:10px;margin:16px 0 10px;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 12px;border-top:4px solid var(--same)}
.tiles b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums;line-height:1.25}
.tiles small{color:var(--soft)}
.tiles .c{border-top-color:var(--chg)}.tiles .l{border-top-color:var(--old)}.tiles .r{border-top-color:var(--new)}.tiles .w{border-top-color:var(--chg)}
.share{display:flex;height:10px;border-radius:5px;overflow:hidden;background:var(--line)}
.share i{display:block;min-width:3px}
.share .e{background:var(--same)}.share .c{background:var(--chg)}.share .l{background:var(--old)}.share .r{background:var(--new)}
.scroll{overflow:auto;max-width:100%}
table{border-collapse:collapse;width:100%;font-size:.93em}
th,td{text-align:left;padding:5px 10px;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600;white-space:nowrap}
tbody th{color:var(--ink)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code,.v{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.92em}
.v{white-space:pre-wrap;overflow-wrap:anywhere}
.quiet{color:var(--soft)}
del,.del{color:var(--old);background:var(--oldbg);text-decoration:none}
ins,.ins{color:var(--new);background:var(--newbg);text-decoration:none}
del,ins{display:block;border-radius:3px;padding:0 3px;margin:0 -3px}
td.n del,td.n ins{display:block}
del b{background:var(--oldmark);font-weight:inherit;border-radius:2px}ins b{background:var(--newmark);font-weight:inherit;border-radius:2px}
.inline del,.inline ins{display:inline;margin:0}
.bar{display:inline-block;width:90px;height:8px;border-radius:4px;background:var(--line);overflow:hidden;vertical-align:middle}
.bar i{display:block;height:100%;min-width:2px;background:var(--chg)}
svg.pic{display:block}svg.pic rect.b{fill:var(--accent)}svg.pic rect.g{fill:var(--accent);opacity:.22}
svg.pic text{fill:var(--ink);font:11px ui-monospace,"DejaVu Sans Mono",Menlo,monospace}svg.pic text.q{fill:var(--soft);font-size:10px}svg.pic line{stroke:var(--line)}
ul.notes{margin:0;padding-left:18px}
details>summary{cursor:pointer;color:var(--accent);padding:6px 0}
.tools{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin-bottom:10px}
.tools input[type=search]{flex:1 1 220px;min-width:0}
input[type=search],select,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:7px;padding:5px 9px;max-width:100%}
button{cursor:pointer}button:disabled{opacity:.45;cursor:default}
button.link{border:0;background:none;padding:0;color:var(--accent);text-align:left;font-weight:600;overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--accent);outline-offset:1px}
label.k{display:inline-flex;gap:5px;align-items:center;white-space:nowrap}
#rows{border:1px solid var(--line);border-radius:8px;max-height:80vh}
#rows table{border-collapse:separate;border-spacing:0}
#rows th,#rows td{min-width:56px;max-width:420px}
#rows thead th{position:sticky;top:0;background:var(--card);z-index:3;border-bottom:2px solid var(--line)}
#rows .s{position:sticky;z-index:2;background:var(--card)}
#rows thead .s{z-index:4}
#rows .e{border-right:2px solid var(--line)}
#rows tbody th{font-weight:600}
#rows th.m{min-width:0;width:1%;padding:5px 8px;text-align:center}
#rows tr.t0 .m{color:var(--chg)}#rows tr.t1 .m{color:var(--old)}#rows tr.t2 .m{color:var(--new)}
#rows tr.t1 td,#rows tr.t1 th{background:var(--oldbg)}#rows tr.t2 td,#rows tr.t2 th{background:var(--newbg)}
#rows td.x{background:var(--card)}
.null{color:var(--soft);font-style:italic;font-size:.88em}
.x0{color:var(--soft)}
footer{color:var(--soft);padding-bottom:28px;font-size:.9em;overflow-wrap:anywhere}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:640px){main,header,footer{padding-left:10px;padding-right:10px}section{padding:12px 10px}th,td{padding:4px 7px}
h1{font-size:1.25rem}.tiles{grid-template-columns:repeat(auto-fit,minmax(96px,1fr));gap:8px}.tiles b{font-size:1.1rem}
#rows th,#rows td{max-width:240px}#rows .s{max-width:120px}#rows .s2{position:static}}
@media print{#rows{max-height:none}.tools{display:none}}
)css";

const std::string_view kPageScript = R"js(
(function(){
'use strict';
var D=JSON.parse(document.getElementById('data').textContent),R=D.rows,C=D.columns,K=D.keys,N=C.length,PAGE=100;
var el=function(id){return document.getElementById(id)};
var S={q:'',kind:[true,true,true],col:-1,sort:'',page:0,only:el('only')?el('only').checked:false};
var KIND=['changed','only left','only right'],MARK=['~','\u2212','+'];
R.forEach(function(r,i){r.i=i});
function text(r){
  if(r.t===undefined){var a=[];r[2].forEach(function(v){a.push(v===null?'NULL':v)});
    for(var c in r[3])a.push(r[3][c]===null?'NULL':r[3][c]);r.t=a.join('\u0001').toLowerCase()}
  return r.t}
function size(r){
  if(S.sort==='all'){var m=-1;for(var c in r[4])m=Math.max(m,Math.abs(r[4][c])/(D.scale[c]||1));return m}
  var d=r[4][S.sort];return d===undefined?-1:Math.abs(d)}
function choose(){
  var q=S.q.trim().toLowerCase();
  var rows=R.filter(function(r){
    return S.kind[r[0]]&&(S.col<0||(r[0]===0&&r[3].hasOwnProperty(S.col)))&&(!q||text(r).indexOf(q)>=0)});
  if(S.sort!==''){rows.forEach(function(r){r.z=size(r)});rows.sort(function(a,b){return b.z-a.z||a.i-b.i})}
  return rows}
function shown(){
  var use=[];for(var c=0;c<N;c++)if(c<K||!S.only||D.moved[c])use.push(c);
  return use}
function node(tag,cls,txt){var e=document.createElement(tag);if(cls)e.className=cls;if(txt!==undefined)e.textContent=txt;return e}
function value(parent,v,marks){
  if(v===null){parent.appendChild(node('span','null','NULL'));return}
  if(v===''){parent.appendChild(node('span','null','empty'));return}
  if(!marks){parent.appendChild(document.createTextNode(v));return}
  marks.forEach(function(p){if(!p[1])return;parent.appendChild(p[0]?node('b','',p[1]):document.createTextNode(p[1]))})}
function words(s){return s.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu)||[]}
function compare(a,b){
  var x=words(a),y=words(b),p=0,s=0;
  while(p<x.length&&p<y.length&&x[p]===y[p])p++;
  while(s<x.length-p&&s<y.length-p&&x[x.length-1-s]===y[y.length-1-s])s++;
  var m=x.slice(p,x.length-s),n=y.slice(p,y.length-s),A=[[0,x.slice(0,p).join('')]],B=[[0,y.slice(0,p).join('')]];
  if(m.length*n.length>40000||!m.length||!n.length){A.push([1,m.join('')]);B.push([1,n.join('')])}
  else{
    var L=[],i,j;for(i=m.length;i>=0;i--){L[i]=[];for(j=n.length;j>=0;j--)
      L[i][j]=i===m.length||j===n.length?0:m[i]===n[j]?L[i+1][j+1]+1:Math.max(L[i+1][j],L[i][j+1])}
    i=j=0;while(i<m.length||j<n.length){
      if(i<m.length&&j<n.length&&m[i]===n[j]){A.push([0,m[i]]);B.push([0,n[j]]);i++;j++}
      else if(j>=n.length||(i<m.length&&L[i+1][j]>=L[i][j+1])){A.push([1,m[i++]])}
      else{B.push([1,n[j++]])}}}
  if(s){A.push([0,x.slice(x.length-s).join('')]);B.push([0,y.slice(y.length-s).join('')])}
  return [A,B]}
function cell(r,c){
  var td=node(c<K?'th':'td','v'+(D.numeric[c]?' n':'')+(c<K?' s'+(c>0?' s2':'')+(c===K-1?' e':''):''));
  if(c<K)td.scope='row';
  if(r[0]===0&&r[3].hasOwnProperty(c)){
    var a=r[2][c],b=r[3][c],m=D.words[c]&&a&&b?compare(a,b):[0,0],d=node('del'),n=node('ins');
    d.appendChild(node('span','sr','was '));n.appendChild(node('span','sr',' is '));
    value(d,a,m[0]);value(n,b,m[1]);td.appendChild(d);td.appendChild(n);
  }else{if(r[0]===0&&c>=K)td.className+=' x0';value(td,r[2][c])}
  return td}
function draw(){
  var rows=choose(),use=shown(),pages=Math.max(1,Math.ceil(rows.length/PAGE));
  S.page=Math.min(S.page,pages-1);
  var table=node('table'),cap=node('caption','sr','Differing rows'),head=node('thead'),tr=node('tr'),body=node('tbody');
  var mark=node('th','m s s0');mark.scope='col';mark.appendChild(node('span','sr','kind'));tr.appendChild(mark);
  use.forEach(function(c){var th=node('th',(D.numeric[c]?'n ':'')+(c<K?'s'+(c>0?' s2':'')+(c===K-1?' e':''):''),C[c]);th.scope='col';th.title=D.types[c];tr.appendChild(th)});
  if(D.counted)tr.appendChild(node('th','n','times'));
  head.appendChild(tr);
  rows.slice(S.page*PAGE,S.page*PAGE+PAGE).forEach(function(r){
    var line=node('tr','t'+r[0]),m=node('th','m s s0',MARK[r[0]]);m.title=KIND[r[0]];m.appendChild(node('span','sr',' '+KIND[r[0]]));line.appendChild(m);
    use.forEach(function(c){line.appendChild(cell(r,c))});
    if(D.counted)line.appendChild(node('td','n',String(r[1])));
    body.appendChild(line)});
  table.appendChild(cap);table.appendChild(head);table.appendChild(body);
  var box=el('rows');box.textContent='';box.appendChild(table);box.scrollTop=0;
  stick(table);
  el('count').textContent=rows.length===0?'No row matches.':(S.page*PAGE+1).toLocaleString('en')+' to '+Math.min(rows.length,S.page*PAGE+PAGE).toLocaleString('en')+' of '+rows.length.toLocaleString('en')+(rows.length<R.length?' (filtered from '+R.length.toLocaleString('en')+')':'');
  el('first').disabled=el('prev').disabled=S.page===0;
  el('next').disabled=el('last').disabled=S.page>=pages-1;
  el('last').dataset.page=pages-1}
function stick(table){
  var cells=table.tHead.rows[0].cells,left=0,at=[];
  for(var i=0;i<=K&&i<cells.length;i++){at[i]=left;left+=cells[i].getBoundingClientRect().width}
  for(var j=0;j<table.rows.length;j++)for(i=0;i<at.length;i++){var c=table.rows[j].cells[i];if(c)c.style.left=at[i]+'px'}}
function wait(f){var t;return function(){clearTimeout(t);t=setTimeout(f,120)}}
if(!el('rows'))return;
el('q').addEventListener('input',wait(function(){S.q=el('q').value;S.page=0;draw()}));
[0,1,2].forEach(function(k){var b=el('k'+k);if(b)b.addEventListener('change',function(){S.kind[k]=b.checked;S.page=0;draw()})});
function column(c){S.col=c;S.page=0;el('col').value=String(c);draw()}
if(el('col'))el('col').addEventListener('change',function(){column(+el('col').value)});
if(el('sort'))el('sort').addEventListener('change',function(){S.sort=el('sort').value;S.page=0;draw()});
if(el('only'))el('only').addEventListener('change',function(){S.only=el('only').checked;draw()});
el('first').onclick=function(){S.page=0;draw()};el('prev').onclick=function(){S.page--;draw()};
el('next').onclick=function(){S.page++;draw()};el('last').onclick=function(){S.page=+el('last').dataset.page;draw()};
document.querySelectorAll('button[data-column]').forEach(function(b){b.addEventListener('click',function(){
  column(+b.dataset.column);el('rowsection').scrollIntoView();el('col').focus({preventScroll:true})})});
document.addEventListener('keydown',function(e){
  if(e.key==='/'&&!/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)){e.preventDefault();el('q').focus()}});
window.addEventListener('resize',wait(function(){var t=el('rows').querySelector('table');if(t)stick(t)}));
draw();
})();
)js";

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace tinderbox::diff
