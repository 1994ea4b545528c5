// Draws the Plotly figures in the page's colours and makes tables sortable.
"use strict";

(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const specs = [...document.querySelectorAll("figure.plot")].map((figure) => ({
    target: figure.querySelector(".canvas"),
    spec: JSON.parse(figure.querySelector("script").textContent),
  }));

  const themed = (layout) => {
    const [ink, faint, line] = ["--ink", "--muted", "--line"].map(variable);
    const result = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    result.font = { family: variable("--sans"), size: 13, color: ink };
    result.modebar = { bgcolor: "rgba(0,0,0,0)", color: faint, activecolor: variable("--accent") };
    result.hoverlabel = { bgcolor: variable("--card"), bordercolor: line, font: { color: ink } };
    for (const key of Object.keys(layout))
      if (/^[xy]axis/.test(key))
        result[key] = {
          gridcolor: line,
          zerolinecolor: faint,
          linecolor: faint,
          automargin: true,
          ...layout[key],
          title: { ...layout[key].title, font: { size: 13 }, standoff: 8 },
        };
    if (layout.ternary) {
      const axis = (own) => ({ gridcolor: line, linecolor: faint, showticklabels: false, ...own, min: 0 });
      const axes = ["aaxis", "baxis", "caxis"].map((key) => [key, axis(layout.ternary[key])]);
      result.ternary = { ...layout.ternary, bgcolor: "rgba(0,0,0,0)", ...Object.fromEntries(axes) };
    }
    return result;
  };
  const buttons = [["toImage", "resetScale2d"]]; // nothing that would send data anywhere
  const config = { responsive: true, displayModeBar: "hover", displaylogo: false, modeBarButtons: buttons };
  const draw = () => specs.forEach(({ target, spec }) => Plotly.react(target, spec.data, themed(spec.layout), config));
  draw();
  dark.addEventListener("change", draw);
  // paper is white: the light palette, and plots as wide as the printed column
  const print = (on) => () => {
    document.documentElement.classList.toggle("printing", on);
    draw();
    specs.forEach(({ target }) => Plotly.Plots.resize(target));
  };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));

  const value = (row, column) => {
    const cell = row.cells[column];
    const number = Number(cell.dataset.value ?? cell.textContent.replace(/[\s,%]/g, "").replace("−", "-"));
    return Number.isNaN(number) || cell.textContent.trim() === "" ? cell.textContent.trim() : number;
  };
  for (const table of document.querySelectorAll("table.sortable"))
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      const button = document.createElement("button");
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [value(row, column), row]);
        const order = ([a], [b]) =>
          typeof a === "number" && typeof b === "number" ? a - b
            : typeof a === typeof b ? a.localeCompare(b, undefined, { numeric: true })
              : typeof a === "number" ? -1 : 1;
        rows.sort((a, b) => (up ? order(a, b) : order(b, a)));
        body.append(...rows.map(([, row]) => row));
      });
    }

  const field = (cell) => {
    const parts = [...cell.childNodes].map((node) => node.textContent.trim()).filter(Boolean);
    const text = parts.join(" ").replace(/\s+/g, " ");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = (table) => [...table.rows].map((row) => [...row.cells].map(field).join(",")).join("\n") + "\n";
  for (const [index, table] of [...document.querySelectorAll("main table")].entries()) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "csv", textContent: "CSV" });
    button.title = "Save this table as CSV";
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
      link.download = `${table.closest("section").id}-${index + 1}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
    (table.caption ?? table.createCaption()).append(" ", button);
  }
})();
