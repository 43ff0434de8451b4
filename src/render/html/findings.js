// The panel of findings: filters, one long table, and the evidence of the chosen one.

function findingPanel(data) {
  const panel = $('#findings');
  if (!panel || data.lints.length === 0) return;
  const all = data.lints.flatMap((lint) => lint.findings.map((finding) => ({ ...finding, lint })));
  const texts = all.map((it) => `${it.file}:${it.line} ${it.code} ${it.rule} ${it.message} ${it.symbol || ''}`.toLowerCase());
  const search = el('input', {
    type: 'search', placeholder: 'Search findings', 'aria-label': 'Search findings', spellcheck: 'false',
    autocomplete: 'off', 'data-search': true,
  });
  const choice = (label, key, options) => el('select', {
    'aria-label': label,
    onchange: (event) => go({ [key]: event.target.value }),
  }, ...options.map(([value, text]) => el('option', { value }, text)));
  const count = (test) => all.filter(test).length;
  const codes = [...new Set(all.map((it) => it.code))].sort();
  const rule = choice('Rule', 'rule', [['', 'all rules'], ...codes.map((code) => [code,
    `${code} ${all.find((it) => it.code === code).rule} (${grouped(count((it) => it.code === code))})`])]);
  const arches = [...new Set(all.flatMap((it) => it.arches))].sort();
  const arch = choice('Architecture', 'arch', [['', 'all architectures'], ...arches.map((name) => [name, name])]);
  const levels = ['error', 'warning', 'note'];
  const chips = levels.map((level) => el('button', {
    type: 'button', class: `chip ${level}`, 'aria-pressed': 'false',
    onclick: () => go({ severity: state.severity === level ? '' : level }),
  }, `${level} ${grouped(count((it) => it.severity === level))}`));
  const sum = el('p', { class: 'sum', role: 'status' });
  const list = el('div', { role: 'region', 'aria-label': 'Findings', tabindex: 0 });
  const detail = el('aside', { class: 'detail', 'aria-label': 'The chosen finding' });
  let sorted = 'file';
  const table = new LongTable(list, {
    caption: 'Findings',
    empty: 'No finding is like that.',
    columns: [
      { key: 'code', title: 'Rule', cls: 'code',
        cell: (row) => el('span', { class: `badge ${all[row].severity}`, title: `${all[row].severity}: ${all[row].rule}` }, all[row].code) },
      { key: 'file', title: 'Place', cls: 'place mono',
        cell: (row) => el('span', { title: `${all[row].file}:${all[row].line}` }, `${all[row].file}:${all[row].line}`) },
      { key: 'message', title: 'Finding', cls: 'message',
        cell: (row) => el('span', { title: all[row].message }, all[row].message) },
    ],
    pick: (row) => go({ finding: id(row) }),
    order: (key) => {
      sorted = key;
      filter();
    },
  });
  $('.body', panel).replaceChildren(
    el('div', { class: 'bar' }, search, rule, arches.length > 1 ? arch : null,
      el('div', { class: 'chips', role: 'group', 'aria-label': 'Severity' }, ...chips)),
    sum, el('div', { class: 'split rows' }, el('div', { class: 'left' }, list), el('div', { class: 'side' }, detail)),
  );

  const id = (row) => all[row].fingerprint;
  const sorters = {
    code: (a, b) => (all[a].code < all[b].code ? -1 : all[a].code > all[b].code ? 1 : a - b),
    file: (a, b) => a - b,
    message: (a, b) => (all[a].message < all[b].message ? -1 : all[a].message > all[b].message ? 1 : a - b),
  };

  function filter() {
    const words = state.fq.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [];
    for (let row = 0; row < all.length; row++) {
      const it = all[row];
      if (state.rule && it.code !== state.rule) continue;
      if (state.severity && it.severity !== state.severity) continue;
      if (state.arch && !(it.arches.includes(state.arch))) continue;
      if (words.every((word) => texts[row].includes(word))) rows.push(row);
    }
    const way = sorted.startsWith('-') ? -1 : 1;
    rows.sort((a, b) => sorters[sorted.replace('-', '')](a, b) * way);
    list.scrollTop = 0;
    table.set(rows, sorted);
    const hidden = data.lints.reduce((sum, lint) => sum + lint.hidden, 0);
    sum.textContent = `${plural(rows.length, 'finding')}${rows.length < all.length ? ` of ${grouped(all.length)}` : ''}`
      + `${hidden ? `; a baseline or suppressions hide ${grouped(hidden)} more` : ''}`;
  }

  function excerpt(it) {
    const lines = it.excerpt.lines.map((text, at) => {
      const number = it.excerpt.first + at;
      return el('span', { class: number === it.line ? 'line hit' : 'line' },
        el('span', { class: 'number' }, String(number)), `${text}\n`);
    });
    return el('pre', { class: 'excerpt', tabindex: 0 }, ...lines);
  }

  function contents(row) {
    const it = all[row];
    const made = [
      el('h3', {}, el('span', { class: `badge ${it.severity}` }, it.code), ' ', it.rule),
      el('p', { class: 'place mono' }, `${it.file}:${it.line}:${it.column}`),
      el('p', { class: 'message' }, it.message),
    ];
    if (it.excerpt) made.push(excerpt(it));
    if (it.arches.length > 0) {
      const every = it.arches.length === it.lint.arches.length && it.arches.length > 1;
      made.push(el('p', {}, el('b', {}, 'On: '), every ? `all ${it.arches.length} architectures` : it.arches.join(', ')));
    }
    if (it.proof) {
      made.push(el('h4', {}, 'Because'), el('ol', { class: 'chain' }, ...it.proof.map((fact) => el('li', {}, fact.text,
        el('span', { class: 'place mono' }, `${fact.file}:${fact.line}`)))));
    }
    if (it.witness) {
      const on = it.witness_arch ? ` on ${it.witness_arch}` : '';
      made.push(el('h4', {}, `A configuration that shows it${on}`), el('pre', { class: 'witness', tabindex: 0 },
        Object.entries(it.witness).map(([name, value]) => `CONFIG_${name}=${value}`).join('\n')));
    }
    if (it.verified) made.push(el('p', {}, el('b', {}, 'Checked: '), it.verified));
    if (it.probes.length > 0) made.push(el('p', {}, el('b', {}, 'Depends on: '), it.probes.join('; ')));
    const about = it.lint.about[it.code];
    if (about) made.push(el('p', { class: 'dim' }, about));
    made.push(el('div', { class: 'buttons' },
      el('button', { type: 'button', onclick: () => go({ finding: '' }) }, 'Close')));
    return made;
  }

  let last = null;
  function show(force) {
    if (panel.classList.contains('off') && !force) return;
    if (document.activeElement !== search) search.value = state.fq;
    [rule.value, arch.value] = [state.rule, state.arch];
    chips.forEach((chip, at) => chip.setAttribute('aria-pressed', levels[at] === state.severity));
    const key = [state.fq, state.rule, state.severity, state.arch].join('\n');
    if (key !== last) {
      last = key;
      filter();
    }
    const row = state.finding ? all.findIndex((it) => it.fingerprint === state.finding) : -1;
    if (row !== table.chosen) table.choose(row, true);
    detail.classList.toggle('empty', row < 0);
    detail.replaceChildren(...(row < 0
      ? [el('p', { class: 'dim' }, 'Choose a finding to see its evidence.')] : contents(row)));
  }

  search.addEventListener('input', later(() => go({ fq: search.value }), 60));
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      search.value = '';
      go({ fq: '' });
      search.blur();
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      table.to_row(0, true);
    }
  });
  watchState(() => show(false));
  show(false);
  papers.push({
    before: () => {
      show(true);
      table.print(150);
    },
    after: () => table.printed(),
  });
}
