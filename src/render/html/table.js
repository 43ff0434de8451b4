// Tables: long ones of which only the visible rows exist, and short ones that are in the page already.

/** Lines of a long table are all equally high, in CSS pixels; the style sheet says the same. */
const ROW = 30;

/** A table of any length. Rows are numbers; columns know how to show and compare them. */
class LongTable {
  /**
   * columns: { key, title, num, cls, cell(row) → element or text, less(a, b), down }; the first is the
   * heading of its row. `pick(row)` is called when a row is chosen.
   */
  constructor(root, { caption, columns, pick, sorted, order, empty }) {
    Object.assign(this, { root, columns, pick, sorted, order, empty });
    this.rows = [];
    this.active = 0;
    this.chosen = -1;
    this.from = this.to = -1;
    this.table = el('table', { class: 'long' }, el('caption', { class: 'sr' }, caption));
    this.body = el('tbody');
    this.table.append(this.head(), this.body);
    root.classList.add('scroll');
    root.replaceChildren(this.table);
    const draw = framed(() => this.draw());
    root.addEventListener('scroll', draw, { passive: true });
    new ResizeObserver(draw).observe(root);
    this.body.addEventListener('click', (event) => this.clicked(event));
    this.body.addEventListener('keydown', (event) => this.keyed(event));
    this.body.addEventListener('focusin', (event) => this.focused(event));
  }

  head() {
    const cells = this.columns.map((column) => {
      const sort = el('button', { type: 'button', onclick: () => this.order(this.turned(column)) },
        column.title, el('span', { class: 'arrow', 'aria-hidden': 'true' }));
      const classes = [column.num ? 'num' : '', column.cls || ''].join(' ').trim();
      return el('th', { scope: 'col', class: classes, 'data-key': column.key }, sort);
    });
    return el('thead', {}, el('tr', { 'aria-rowindex': 1 }, ...cells));
  }

  /** The order that a click on a heading asks for: `-key` is downwards. */
  turned(column) {
    const first = column.down ? `-${column.key}` : column.key;
    const other = column.down ? column.key : `-${column.key}`;
    return this.sorted === first ? other : first;
  }

  /** Shows these rows, which are in the order `sorted`. */
  set(rows, sorted) {
    this.rows = rows;
    this.sorted = sorted;
    this.active = Math.max(0, rows.indexOf(this.chosen));
    for (const th of $$('th', this.table)) {
      const key = th.dataset.key;
      const order = sorted === key ? 'ascending' : sorted === `-${key}` ? 'descending' : null;
      if (order) th.setAttribute('aria-sort', order);
      else th.removeAttribute('aria-sort');
    }
    this.table.setAttribute('aria-rowcount', rows.length + 1);
    this.from = -1;
    this.draw();
  }

  row(at) {
    const row = this.rows[at];
    const cells = this.columns.map((column, index) => {
      const classes = [column.num ? 'num' : '', column.cls || ''].join(' ').trim() || null;
      const attributes = { class: classes, scope: index === 0 ? 'row' : null };
      return el(index === 0 ? 'th' : 'td', attributes, column.cell(row));
    });
    const on = row === this.chosen;
    return el('tr', {
      'data-at': at, 'aria-rowindex': at + 2, tabindex: at === this.active ? 0 : -1,
      class: on ? 'chosen' : null, 'aria-selected': on ? 'true' : null,
    }, ...cells);
  }

  gap(rows) {
    // One cell: columns that are not shown must not come back through it.
    const cell = el('td');
    cell.style.height = `${rows * ROW}px`;
    return el('tr', { class: 'gap', 'aria-hidden': 'true' }, cell);
  }

  draw() {
    if (this.printing) return;
    if (this.rows.length === 0) {
      this.from = -1;
      const cell = el('td', { colspan: this.columns.length, class: 'none' }, this.empty);
      this.body.replaceChildren(el('tr', {}, cell));
      return;
    }
    const height = this.root.clientHeight;
    if (height === 0) return;
    const last = Math.max(0, this.rows.length * ROW - height + ROW);
    const top = Math.min(this.root.scrollTop, last);
    const from = Math.max(0, Math.floor(top / ROW) - 10);
    const to = Math.min(this.rows.length, Math.ceil((top + height) / ROW) + 10);
    if (from === this.from && to === this.to) return;
    this.from = from;
    this.to = to;
    const focus = this.body.contains(document.activeElement);
    const shown = [];
    if (from > 0) shown.push(this.gap(from));
    for (let at = from; at < to; at++) shown.push(this.row(at));
    if (to < this.rows.length) shown.push(this.gap(this.rows.length - to));
    this.body.replaceChildren(...shown);
    if (focus) (this.line(this.active) || this.root).focus({ preventScroll: true });
  }

  line(at) {
    return $(`tr[data-at="${at}"]`, this.body);
  }

  /** Makes a row the one that the keyboard is on, and shows it. */
  to_row(at, focus) {
    this.active = Math.min(Math.max(at, 0), this.rows.length - 1);
    const head = this.table.tHead.offsetHeight;
    const top = this.active * ROW;
    const view = this.root.clientHeight - head;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (top + ROW > this.root.scrollTop + view) this.root.scrollTop = top + ROW - view;
    this.from = -1;
    this.draw();
    if (focus) this.line(this.active)?.focus({ preventScroll: true });
  }

  /** Marks a row as chosen; nothing for -1. */
  choose(row, show) {
    this.chosen = row;
    const at = this.rows.indexOf(row);
    if (show && at >= 0) this.to_row(at, false);
    else {
      this.from = -1;
      this.draw();
    }
  }

  clicked(event) {
    const line = event.target.closest('tr[data-at]');
    // Marking text is no click.
    if (!line || String(getSelection()) !== '') return;
    this.active = Number(line.dataset.at);
    this.pick(this.rows[this.active]);
  }

  focused(event) {
    const line = event.target.closest('tr[data-at]');
    if (line) this.active = Number(line.dataset.at);
  }

  keyed(event) {
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW) - 2);
    const to = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: this.rows.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.to_row(to, true);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.pick(this.rows[this.active]);
    }
  }

  /** On paper: the first rows, and how many there are. */
  print(most) {
    this.printing = true;
    const rows = [];
    for (let at = 0; at < Math.min(most, this.rows.length); at++) rows.push(this.row(at));
    const more = this.rows.length - rows.length;
    if (more > 0) {
      const text = `… and ${grouped(more)} more rows`;
      rows.push(el('tr', {}, el('td', { colspan: this.columns.length, class: 'none' }, text)));
    }
    this.body.replaceChildren(...rows);
  }

  printed() {
    this.printing = false;
    this.from = -1;
    this.draw();
  }
}

/** Makes the short tables of the page sortable: a click on a heading sorts the rows of its body. */
function shortTables() {
  for (const table of $$('table.sortable')) {
    const heads = $$('thead th', table);
    heads.forEach((th, column) => {
      if (th.textContent.trim() === '') return;
      const button = el('button', { type: 'button' }, ...th.childNodes,
        el('span', { class: 'arrow', 'aria-hidden': 'true' }));
      th.replaceChildren(button);
      button.addEventListener('click', () => {
        const was = th.getAttribute('aria-sort');
        const number = th.classList.contains('num');
        const next = was ? (was === 'ascending' ? 'descending' : 'ascending')
          : number ? 'descending' : 'ascending';
        heads.forEach((head) => head.removeAttribute('aria-sort'));
        th.setAttribute('aria-sort', next);
        const value = (row) => {
          const cell = row.cells[column];
          return number ? Number(cell.dataset.v ?? -Infinity) : cell.textContent;
        };
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          return (number ? x - y : x < y ? -1 : x > y ? 1 : 0) * (next === 'ascending' ? 1 : -1);
        });
        table.tBodies[0].append(...rows);
      });
    });
  }
}
