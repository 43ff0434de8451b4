// Puts the page together, and says what went wrong where it can't.

/** Which comparison is shown, where there are several. */
function chooser(data) {
  for (const bar of $$('[data-chooser]')) {
    if (data.comparisons.length < 2) continue;
    const select = el('select', {
      'aria-label': 'Comparison',
      onchange: () => go({ cmp: select.value, at: '', symbol: '', of: '', why: '' }, true),
    }, ...data.comparisons.map((one, at) => el('option', { value: at }, one.title)));
    select.value = state.cmp;
    watchState(() => { select.value = state.cmp; });
    bar.append(select);
  }
}

function keys() {
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest?.('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      const here = $(`#${state.tab} [data-search]`);
      if (!here) go({ tab: $('#symbols') ? 'symbols' : 'findings' }, true);
      $(`#${state.tab} [data-search]`)?.focus();
    } else if (event.key === 'Escape' && !typing) {
      go({ symbol: '', of: '', finding: '' });
    }
  });
  // Links within the page change its state.
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[data-go]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const before = state;
    history.pushState(null, '', link.getAttribute('href'));
    readState();
    for (const listener of listeners) listener(state, before);
    scrollTo({ top: 0 });
  });
}

/** Points of line charts say what they are when the mouse is on them. */
function charts() {
  for (const chart of $$('.chart')) {
    const out = $('.reading', chart);
    for (const point of $$('[data-say]', chart)) {
      const say = () => { out.textContent = point.dataset.say; };
      point.addEventListener('pointerenter', say);
      point.addEventListener('focus', say);
    }
  }
}

async function main() {
  theme();
  readState();
  tabs();
  shortTables();
  charts();
  keys();
  try {
    const data = await unpack();
    // A link may name a symbol and not say which comparison it is in.
    const where = data.comparisons.findIndex((one) => one.name.includes(state.symbol));
    if (state.symbol && where > 0 && !location.hash.includes('cmp=')) state.cmp = String(where);
    chooser(data);
    const detail = new Detail(data);
    if (data.comparisons.length > 0) {
      mapPanel(data, detail);
      symbolPanel(data, detail);
      detail.show();
    }
    findingPanel(data);
    fit();
    watchState(fit);
    window.addEventListener('resize', framed(fit));
  } catch (error) {
    console.error(error);
    const text = 'This browser cannot show the whole page; below are the largest changes and first findings.';
    for (const panel of $$('[data-needs-script] .body')) panel.prepend(el('p', { class: 'warning' }, text));
  }
  window.addEventListener('beforeprint', () => papers.forEach((paper) => paper.before()));
  window.addEventListener('afterprint', () => papers.forEach((paper) => paper.after()));
  document.documentElement.dataset.ready = Math.round(performance.now());
}

main();
