(function(){
"use strict";
var root=document.documentElement;root.classList.add("has-js");
document.querySelectorAll(".sw").forEach(function(b){b.addEventListener("change",function(){root.lang=b.id.slice(2);});});
// sort tables by a click on a head
function key(td){var s=td.textContent.trim().replace(/\u2212/g,"-").replace(/\s/g,""),n=parseFloat(s.replace(/^[<>]/,""));return /^[<>]?[-+]?[\d.]/.test(s)&&!/^\d{4}-/.test(s)&&!isNaN(n)?n:null;}
document.querySelectorAll("table.sortable").forEach(function(table){
 table.classList.add("sorts");
 table.querySelectorAll("th").forEach(function(th,i){
  th.tabIndex=0;
  function go(){
   var up=th.getAttribute("aria-sort")!=="ascending",body=table.tBodies[0];
   table.querySelectorAll("th").forEach(function(o){o.removeAttribute("aria-sort");});
   th.setAttribute("aria-sort",up?"ascending":"descending");
   Array.from(body.rows).map(function(r,j){return{r:r,j:j,n:key(r.cells[i]),s:r.cells[i].textContent};}).sort(function(a,b){
    if(a.n!==null&&b.n!==null&&a.n!==b.n)return up?a.n-b.n:b.n-a.n;
    if((a.n===null)!==(b.n===null))return a.n===null?1:-1;
    var c=a.s<b.s?-1:a.s>b.s?1:0;return(up?c:-c)||a.j-b.j;
   }).forEach(function(x){body.appendChild(x.r);});
  }
  th.addEventListener("click",go);th.addEventListener("keydown",function(e){if(e.key==="Enter"){go();}});
 });
});
// tooltips also by touch
var tip=document.createElement("div");tip.id="tip";tip.hidden=true;document.body.appendChild(tip);
document.addEventListener("click",function(e){
 var g=e.target.closest&&e.target.closest(".tip"),title=g&&g.querySelector("title");
 if(!title){tip.hidden=true;return;}
 tip.textContent=title.textContent;tip.hidden=false;
 tip.style.left=Math.max(4,Math.min(e.clientX+10,innerWidth-tip.offsetWidth-8))+"px";tip.style.top=Math.max(4,e.clientY-36)+"px";
});
// links in the list open the event
function open(){var d=location.hash&&document.getElementById(location.hash.slice(1));if(d&&d.tagName==="DETAILS"){d.open=true;d.scrollIntoView();}}
addEventListener("hashchange",open);open();
addEventListener("beforeprint",function(){document.querySelectorAll("details.event").forEach(function(d){d.open=true;});});
// zoom of a record section in time
var NS="http://www.w3.org/2000/svg";
document.querySelectorAll("svg.section").forEach(function(svg){
 var d=svg.dataset,low=+d.low,high=+d.high,left=+d.left,bottom=+d.bottom,width=svg.viewBox.baseVal.width-left-d.right;
 var zoom=svg.querySelector(".zoom"),traces=svg.querySelector(".traces"),axis=svg.querySelector(".axis"),grid=axis.previousSibling,a=low,b=high,from=null,rect=null;
 var texts=Array.from(zoom.querySelectorAll("text")).map(function(t){return{t:t,x:+t.getAttribute("x")};});
 var paths=Array.from(zoom.querySelectorAll("path"));
 var was=paths.map(function(p){return p.getAttribute("stroke-width");});
 function px(e){var r=svg.getBoundingClientRect();return(e.clientX-r.left)/r.width*svg.viewBox.baseVal.width;}
 function show(){
  var k=(high-low)/(b-a),x0=left-k*(left+(a-low)/(high-low)*width),plain=k===1;
  Array.from(zoom.children).forEach(function(g){
   if(g===traces){g.setAttribute("transform",plain?"scale(.1)":"translate("+x0+" 0) scale("+k/10+" .1)");}
   else if(!g.querySelector("text")){g.setAttribute("transform",plain?"":"translate("+x0+" 0) scale("+k+" 1)");}
  });
  paths.forEach(function(p,i){p.style.vectorEffect=plain?"":"non-scaling-stroke";if(traces.contains(p)){p.style.strokeWidth=plain?"":"1px";}});
  texts.forEach(function(o){o.t.setAttribute("x",x0+k*o.x);});
  var raw=(b-a)/7,base=Math.pow(10,Math.floor(Math.log10(raw))),step=[1,2,5,10].map(function(s){return s*base;}).find(function(s){return s>=raw*.999;});
  var n=Math.max(0,-Math.floor(Math.log10(step)+1e-9));
  axis.textContent="";grid.textContent="";
  for(var v=Math.ceil(a/step-1e-9)*step;v<=b+1e-9;v+=step){
   var x=left+(v-a)/(b-a)*width,t=document.createElementNS(NS,"text"),l=document.createElementNS(NS,"path");
   t.setAttribute("x",x);t.setAttribute("y",bottom+14);t.setAttribute("text-anchor","middle");t.textContent=v.toFixed(n).replace("-","\u2212");axis.appendChild(t);
   l.setAttribute("d","M"+x+" 26V"+bottom);grid.appendChild(l);
  }
 }
 svg.addEventListener("pointerdown",function(e){var x=px(e);if(x<left||e.pointerType==="touch"){return;}from=x;rect=document.createElementNS(NS,"rect");rect.id="drag";rect.setAttribute("y",26);rect.setAttribute("height",bottom-26);svg.appendChild(rect);e.preventDefault();});
 addEventListener("pointermove",function(e){if(from===null){return;}var x=Math.max(left,Math.min(left+width,px(e)));rect.setAttribute("x",Math.min(x,from));rect.setAttribute("width",Math.abs(x-from));});
 addEventListener("pointerup",function(e){
  if(from===null){return;}
  var x=Math.max(left,Math.min(left+width,px(e))),p=Math.min(x,from),q=Math.max(x,from);rect.remove();from=null;
  if(q-p<5){return;}
  var s=(b-a)/width,na=a+(p-left)*s,nb=a+(q-left)*s;if(nb-na<.5){return;}a=na;b=nb;show();
 });
 svg.addEventListener("dblclick",function(){a=low;b=high;show();});
});
})();
