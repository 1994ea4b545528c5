// Ball-and-stick views on a 2D canvas. No WebGL: a page may hold any number of them (browsers keep at most 16
// WebGL contexts alive), they print, and they work where there is no graphics driver.
"use strict";

(() => {
  const TILT = 0.008; // radians a pixel of dragging
  const GREY = [176, 184, 198];

  const multiply = (a, b) =>
    a.map((row) => [0, 1, 2].map((j) => row[0] * b[0][j] + row[1] * b[1][j] + row[2] * b[2][j]));
  const turn = (x, y) => {
    const [cx, sx, cy, sy] = [Math.cos(x), Math.sin(x), Math.cos(y), Math.sin(y)];
    return multiply([[1, 0, 0], [0, cx, -sx], [0, sx, cx]], [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]);
  };
  const shade = ([r, g, b], amount, opacity) => {
    const target = amount > 0 ? 255 : 0;
    const mix = (c) => Math.round(c + (target - c) * Math.abs(amount));
    return `rgba(${mix(r)},${mix(g)},${mix(b)},${opacity})`;
  };

  class View {
    constructor(figure) {
      this.figure = figure;
      this.canvas = figure.querySelector("canvas");
      this.status = figure.querySelector(".atom");
      this.scene = JSON.parse(figure.querySelector("script").textContent);
      this.hidden = new Set(this.scene.layers.filter((layer) => !layer.visible).map((layer) => layer.name));
      this.reset();
      this.listen();
      new ResizeObserver(() => this.draw()).observe(this.canvas);
    }

    reset() {
      this.rotation = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
      this.zoom = 1;
      if (this.scene.tilt) this.rotation = turn(...this.scene.tilt);
    }

    rotate(dx, dy) {
      this.rotation = multiply(turn(dy * TILT, dx * TILT), this.rotation);
      this.draw();
    }

    listen() {
      const canvas = this.canvas;
      canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
      canvas.addEventListener("pointermove", (event) => {
        if (canvas.hasPointerCapture(event.pointerId)) this.rotate(event.movementX, event.movementY);
        else this.point(event.offsetX, event.offsetY);
      });
      canvas.addEventListener("pointerleave", () => (this.status.textContent = ""));
      canvas.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.shiftKey) return; // plain scrolling moves the page
        event.preventDefault();
        this.scale(Math.exp(-0.001 * (event.deltaY || event.deltaX)));
      }, { passive: false });
      canvas.addEventListener("dblclick", () => (this.reset(), this.draw()));
      canvas.addEventListener("keydown", (event) => {
        const moves = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] };
        if (moves[event.key]) this.rotate(...moves[event.key]);
        else if (event.key === "+" || event.key === "=") this.scale(1.15);
        else if (event.key === "-") this.scale(1 / 1.15);
        else if (event.key === "0") (this.reset(), this.draw());
        else return;
        event.preventDefault();
      });
      for (const button of this.figure.querySelectorAll("button[data-layer]"))
        button.addEventListener("click", () => {
          const name = button.dataset.layer;
          if (!this.hidden.delete(name)) this.hidden.add(name);
          button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
          this.draw();
        });
    }

    scale(factor) {
      this.zoom = Math.min(6, Math.max(0.4, this.zoom * factor));
      this.draw();
    }

    project([x, y, z]) {
      const [a, b, c] = this.rotation;
      const depth = c[0] * x + c[1] * y + c[2] * z;
      const near = 1 / (1 - depth / (7 * this.scene.radius)); // mild perspective
      return {
        x: this.width / 2 + (a[0] * x + a[1] * y + a[2] * z) * this.unit * near,
        y: this.height / 2 - (b[0] * x + b[1] * y + b[2] * z) * this.unit * near,
        z: depth,
        s: this.unit * near,
      };
    }

    draw() {
      const ratio = window.devicePixelRatio || 1;
      this.width = this.canvas.clientWidth;
      this.height = this.canvas.clientHeight;
      this.canvas.width = Math.round(this.width * ratio);
      this.canvas.height = Math.round(this.height * ratio);
      const pen = this.canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.lineCap = "round";
      this.unit = (0.5 * Math.min(this.width, this.height) * this.zoom) / this.scene.radius;
      this.discs = [];
      const shapes = [];
      for (const layer of this.scene.layers) {
        if (this.hidden.has(layer.name)) continue;
        const points = layer.atoms.map((atom) => this.project(atom.slice(1)));
        layer.atoms.forEach((atom, i) => shapes.push(this.atom(layer, i, points[i])));
        for (const [i, j, order] of layer.bonds) shapes.push(...this.bond(layer, i, j, order));
        for (const [from, to] of layer.lines) {
          const along = (k) => this.project(from.map((value, axis) => value + ((to[axis] - value) * k) / 8));
          // short, to sort by depth; broken where grey
          for (let k = 0; k < 8; k += layer.grey ? 2 : 1) shapes.push(this.line(along(k), along(k + 1)));
        }
      }
      shapes.sort((p, q) => p.z - q.z);
      for (const shape of shapes) shape.paint(pen);
    }

    element(layer, i) {
      const look = this.scene.elements[layer.atoms[i][0]];
      if (layer.grey) return { color: GREY, radius: look.radius * 0.6, opacity: 0.75 };
      const outside = i >= layer.atoms.length - layer.faint; // of the cell
      return outside ? { color: look.color, radius: look.radius * 0.7, opacity: 0.35 } : { ...look, opacity: 1 };
    }

    atom(layer, i, at) {
      const { color, radius, opacity } = this.element(layer, i);
      const r = radius * at.s;
      this.discs.push({ ...at, r, text: layer.labels[i] });
      const paint = (pen) => {
        const light = pen.createRadialGradient(at.x - r * 0.35, at.y - r * 0.4, r * 0.05, at.x, at.y, r);
        light.addColorStop(0, shade(color, 0.75, opacity));
        light.addColorStop(0.45, shade(color, 0, opacity));
        light.addColorStop(1, shade(color, -0.45, opacity));
        pen.fillStyle = light;
        pen.beginPath();
        pen.arc(at.x, at.y, r, 0, 2 * Math.PI);
        pen.fill();
      };
      return { z: at.z, paint };
    }

    bond(layer, i, j, order) {
      const [from, to] = [layer.atoms[i].slice(1), layer.atoms[j].slice(1)];
      const span = Math.hypot(...to.map((value, axis) => value - from[axis])) || 1;
      const along = (share) => this.project(from.map((value, axis) => value + (to[axis] - value) * share));
      // from surface to surface, so that a bond towards the reader does not cross the disc of its atom
      const [low, high] = [(0.9 * this.element(layer, i).radius) / span, (0.9 * this.element(layer, j).radius) / span];
      const [p, q, middle] = [along(Math.min(low, 0.5)), along(1 - Math.min(high, 0.5)), along(0.5)];
      const length = Math.hypot(q.x - p.x, q.y - p.y) || 1;
      const [nx, ny] = [-(q.y - p.y) / length, (q.x - p.x) / length];
      const width = (layer.grey ? 0.055 : 0.085) * (order > 1 ? 0.75 : 1);
      const half = (a, k) => {
        const { color, opacity } = this.element(layer, k);
        const paint = (pen) => {
          for (let n = 0; n < order; n++) {
            const shift = (n - (order - 1) / 2) * 0.24 * middle.s;
            for (const [extra, tone] of [[1.5, -0.5], [0, -0.08]]) {
              pen.strokeStyle = shade(color, tone, opacity);
              pen.lineWidth = 2 * width * middle.s + extra;
              pen.beginPath();
              pen.moveTo(a.x + nx * shift, a.y + ny * shift);
              pen.lineTo(middle.x + nx * shift, middle.y + ny * shift);
              pen.stroke();
            }
          }
        };
        return { z: (a.z + middle.z) / 2, paint };
      };
      return [half(p, i), half(q, j)];
    }

    line(p, q) {
      const paint = (pen) => {
        pen.strokeStyle = getComputedStyle(this.canvas).color;
        pen.lineWidth = 1;
        pen.beginPath();
        pen.moveTo(p.x, p.y);
        pen.lineTo(q.x, q.y);
        pen.stroke();
      };
      return { z: (p.z + q.z) / 2 - 0.7, paint }; // behind the surface of an atom at its end
    }

    point(x, y) {
      const hits = this.discs.filter((disc) => Math.hypot(disc.x - x, disc.y - y) < disc.r);
      hits.sort((p, q) => q.z - p.z);
      this.status.textContent = hits.length ? hits[0].text : "";
    }
  }

  const views = [...document.querySelectorAll("figure.view")].map((figure) => new View(figure));
  const redraw = () => views.forEach((view) => view.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const moment of ["beforeprint", "afterprint"]) addEventListener(moment, redraw);
})();
