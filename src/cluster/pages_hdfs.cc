#include "cluster/hadoop.h"

namespace tinderbox::cluster {

// Hadoop's jars come without web pages; these are ours. Every address in them is relative, so that they work behind a
// gateway as well.

std::string NameNodePage() {
  return R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>HDFS</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.5rem; }
  th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #ddd; }
  td.number, th.number { text-align: right; }
  nav a { margin-right: 0.25rem; }
  #problem { color: #a00; }
</style>
<h1>HDFS</h1>
<p id="problem" role="alert"></p>
<table id="facts"></table>
<h2>DataNodes</h2>
<table id="nodes"></table>
<h2>Files</h2>
<nav id="path"></nav>
<table id="files"></table>
<script>
  const size = bytes => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = 0;
    while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; ++unit; }
    return (unit ? bytes.toFixed(1) : bytes) + " " + units[unit];
  };
  const fill = (id, head, rows) => {
    const table = document.getElementById(id);
    table.replaceChildren();
    const add = (cells, tag) => {
      const row = table.insertRow();
      for (const cell of cells) {
        const part = document.createElement(tag);
        if (cell instanceof Node) part.append(cell); else part.textContent = cell;
        row.append(part);
      }
    };
    if (head) add(head, "th");
    for (const row of rows) add(row, "td");
  };
  const ask = async address => {
    const answer = await fetch(address);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.RemoteException ? body.RemoteException.message : answer.statusText);
    return body;
  };
  const link = (text, path) => {
    const anchor = document.createElement("a");
    anchor.textContent = text;
    anchor.href = "#" + encodeURI(path);
    return anchor;
  };
  const guard = async work => {
    const problem = document.getElementById("problem");
    try { await work(); problem.textContent = ""; } catch (error) { problem.textContent = error.message; }
  };
  const showFacts = () => guard(async () => {
    const info = (await ask("jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo")).beans[0];
    const live = JSON.parse(info.LiveNodes), dead = JSON.parse(info.DeadNodes);
    fill("facts", null, [
      ["State", info.Safemode || "open for reading and writing"],
      ["Used", `${size(info.Used)} of ${size(info.Total)}`],
      ["Files and folders", info.TotalFiles], ["Blocks", info.TotalBlocks],
      ["Missing blocks", info.NumberOfMissingBlocks], ["Hadoop", info.SoftwareVersion]]);
    fill("nodes", ["Address", "State", "Blocks", "Used", "Free"], [
      ...Object.values(live).map(node => [node.xferaddr, node.adminState, node.numBlocks, size(node.used), size(node.remaining)]),
      ...Object.keys(dead).map(name => [name, "dead", "", "", ""])]);
  });
  const showFiles = () => guard(async () => {
    const path = decodeURI(location.hash.slice(1)) || "/";
    const parts = path.split("/").filter(part => part);
    const at = number => "/" + parts.slice(0, number).join("/");
    document.getElementById("path").replaceChildren(link("/", "/"), ...parts.map((part, i) => link(part + "/", at(i + 1))));
    const list = await ask("webhdfs/v1" + parts.map(part => "/" + encodeURIComponent(part)).join("") + (parts.length ? "" : "/") + "?op=LISTSTATUS");
    fill("files", ["Name", "Size", "Changed", "Owner", "Copies"], list.FileStatuses.FileStatus.map(file => {
      const name = file.pathSuffix || parts[parts.length - 1];
      const folder = file.type === "DIRECTORY";
      return [folder ? link(name + "/", (parts.length ? at(parts.length) : "") + "/" + name) : name,
              folder ? "" : size(file.length), new Date(file.modificationTime).toLocaleString(), file.owner, file.replication || ""];
    }));
  });
  addEventListener("hashchange", showFiles);
  showFacts();
  showFiles();
  setInterval(showFacts, 5000);
</script>
</html>
)html";
}

std::string DataNodePage() {
  return R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>DataNode</title>
<h1>DataNode</h1>
<p>What this process says of itself: <a href="jmx?qry=Hadoop:service=DataNode,name=DataNodeInfo">as JSON</a>.</p>
</html>
)html";
}

}  // namespace tinderbox::cluster
