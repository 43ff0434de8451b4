//! The page in a real browser: search, sort, zoom, deep links, keys, paper, themes.

use super::browser::Browser;
use super::{case, comparison, lint, page, sample};

/// A page with everything, and the browser; nothing where there is no browser.
fn opened(hash: &str) -> Option<(tempfile::TempDir, std::path::PathBuf, Browser)> {
    let mut browser = Browser::start()?;
    let table = comparison(&[
        ("hmm_range_fault", "mm/hmm.o", None, Some(1340)),
        ("migrate_vma_setup", "mm/migrate.o", Some(400), Some(900)),
        ("schedule", "kernel/sched/core.o", Some(2000), Some(1900)),
        ("do_exit", "kernel/exit.o", Some(1500), Some(1500)),
        ("old_thing", "lib/old.o", Some(300), None),
        ("Zeta", "lib/zeta.o", Some(10), Some(11)),
    ]);
    let findings = lint(&[("mm/Kconfig", 5, "A selects B"), ("mm/hmm.c", 9, "always true")]);
    let dir = case(&[
        ("c.json", &table.to_string()),
        ("l.json", &findings.to_string()),
        ("h.jsonl", &sample("history.v1.jsonl")),
        ("run.json", &sample("run.v1.json")),
    ]);
    let file = page(dir.path(), &["run.json", "c.json", "l.json", "h.jsonl"]);
    browser.open(&file, hash);
    Some((dir, file, browser))
}

/// The names in the visible table of a panel.
fn names(browser: &mut Browser, panel: &str) -> String {
    browser.text(&format!(
        "[...document.querySelectorAll('#{panel} .left tr[data-at] > th')].map((it) => it.textContent).join(' ')"
    ))
}

fn calm(browser: &mut Browser) {
    let errors = browser.errors();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn symbols_are_searched_filtered_and_sorted() {
    let Some((_dir, _, mut browser)) = opened("#tab=symbols") else { return };
    let browser = &mut browser;
    let by_change = "hmm_range_fault migrate_vma_setup old_thing schedule Zeta do_exit";
    assert_eq!(names(browser, "symbols"), by_change);
    browser.key("/");
    browser.write("mm/ m");
    browser.until("document.querySelectorAll('#symbols .left tr[data-at]').length === 2");
    assert_eq!(names(browser, "symbols"), "hmm_range_fault migrate_vma_setup");
    assert!(
        browser
            .text("document.querySelector('#symbols p.sum').textContent")
            .starts_with("2 symbols: +1,840")
    );
    assert!(browser.text("location.hash").contains("q=mm%2F+m"));
    browser.key("Escape");
    browser.until("document.querySelectorAll('#symbols .left tr[data-at]').length === 6");
    browser.click("#symbols th[data-key=name] button");
    assert_eq!(
        browser.text("document.querySelector('#symbols th[data-key=name]').ariaSort"),
        "ascending"
    );
    assert_eq!(
        names(browser, "symbols"),
        "Zeta do_exit hmm_range_fault migrate_vma_setup old_thing schedule"
    );
    browser.click("#symbols th[data-key=delta] button");
    assert_eq!(
        browser.text("document.querySelector('#symbols th[data-key=delta]').ariaSort"),
        "descending"
    );
    assert_eq!(
        names(browser, "symbols"),
        "hmm_range_fault migrate_vma_setup Zeta do_exit schedule old_thing"
    );
    browser.click("#symbols [data-change=gone]");
    assert_eq!(names(browser, "symbols"), "old_thing");
    browser.click("#symbols [data-change=gone]");
    browser.click("#symbols tr[data-at='1'] td");
    assert_eq!(
        browser.text("document.querySelector('#symbols .detail h3').textContent"),
        "migrate_vma_setup"
    );
    assert!(browser.text("location.hash").contains("symbol=migrate_vma_setup"));
    // From the row that was chosen with the keyboard to the next one.
    browser.eval("document.querySelector('#symbols tr[data-at=\"1\"]').focus()");
    browser.key("ArrowDown");
    browser.key("Enter");
    assert_eq!(browser.text("document.querySelector('#symbols .detail h3').textContent"), "Zeta");
    calm(browser);
}

#[test]
fn a_link_leads_to_what_it_shows() {
    let Some((_dir, file, mut browser)) = opened("#symbol=schedule") else { return };
    let browser = &mut browser;
    let shown = "[...document.querySelectorAll('.panel:not(.off)')].map((it) => it.id).join()";
    assert_eq!(browser.text(shown), "symbols");
    let detail = "document.querySelector('#symbols .detail').textContent";
    let text = browser.text(detail);
    for part in [
        "schedule",
        "2,000 bytes",
        "1,900 bytes",
        "\u{2212}100 bytes (\u{2212}5.00%)",
        "kernel/sched/core.o",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        browser.text("document.querySelector('#symbols tr.chosen th').textContent"),
        "schedule"
    );
    browser.open(&file, "#tab=findings&finding=0000000000000001");
    assert_eq!(browser.text(shown), "findings");
    assert!(
        browser
            .text("document.querySelector('#findings .detail').textContent")
            .contains("always true")
    );
    browser.open(&file, "#at=kernel/sched");
    assert_eq!(browser.text(shown), "map");
    assert_eq!(browser.text("document.querySelector('.crumbs b').textContent"), "sched");
    browser.open(&file, "#symbol=no_such_thing");
    assert!(browser.text(detail).contains("There is no symbol no_such_thing here."));
    // What was done can be undone.
    browser.click("#tabs a[data-tab=history]");
    assert_eq!(browser.text(shown), "history");
    browser.eval("history.back()");
    browser.until(&format!("{shown} === 'symbols'"));
    calm(browser);
}

#[test]
fn the_map_is_zoomed_with_mouse_and_keys() {
    let Some((_dir, _, mut browser)) = opened("#tab=map") else { return };
    let browser = &mut browser;
    let here = "document.querySelector('.crumbs b').textContent";
    let side = "[...document.querySelectorAll('#map .side tr[data-at] > th')].map((it) => it.textContent).join(' ')";
    assert_eq!(browser.text(here), "all");
    // The table beside the map has the same contents, largest first.
    assert_eq!(browser.text(side), "kernel/ mm/ lib/");
    // The largest box begins in the upper left corner; its name is in its head.
    let at = browser.eval("(() => { const box = document.querySelector('canvas').getBoundingClientRect(); return [box.left, box.top]; })()");
    let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    browser.click_at(x + 30.0, y + 9.0);
    assert_eq!(browser.text(here), "kernel");
    assert_eq!(browser.text(side), "sched/ exit.o");
    assert!(browser.text("location.hash").contains("at=kernel"));
    browser.eval("document.querySelector('canvas').focus()");
    browser.key("Backspace");
    assert_eq!(browser.text(here), "all");
    browser.key("ArrowRight");
    browser
        .until("document.querySelector('#live').textContent.startsWith('mm: 400 → 2,240 bytes')");
    browser.key("Enter");
    assert_eq!(browser.text(here), "mm");
    browser.key("Escape");
    assert_eq!(browser.text(here), "all");
    // Colour means growth: what is new is as orange as it gets, what did not change is grey.
    browser.click("#map .side tr[data-at='1'] th");
    let pixel = |name: &str| {
        format!(
            "(() => {{ const c = document.querySelector('canvas'); const p = c.getContext('2d'); \
         const d = p.getImageData(c.width / 2, {name}, 1, 1).data; return [d[0], d[1], d[2]].join(); }})()"
        )
    };
    let new = browser.text(&pixel("40"));
    assert_eq!(new, "217,72,15", "mm/hmm.o with its new function is the largest");
    calm(browser);
}

#[test]
fn whoever_has_no_mouse_or_sees_nothing_gets_everything() {
    let Some((_dir, _, mut browser)) = opened("") else { return };
    let browser = &mut browser;
    // Every control is reached with Tab and has a name.
    let mut seen = Vec::new();
    for _ in 0..60 {
        browser.key("Tab");
        let at = browser.text("(() => { const it = document.activeElement; if (it === document.body) return 'end'; \
            const style = getComputedStyle(it); \
            return `${it.tagName} ${it.id || it.textContent.slice(0, 20)} ${style.outlineStyle}`; })()");
        if at == "end" {
            break;
        }
        assert!(at.ends_with("solid") || at.ends_with("auto"), "no visible focus: {at}");
        seen.push(at);
    }
    assert!(seen.iter().any(|at| at.contains("theme")), "{seen:?}");
    assert!(seen.iter().any(|at| at.contains("tab-overview")), "{seen:?}");
    for tab in ["overview", "map", "symbols", "findings", "history"] {
        browser.eval(&format!("document.querySelector('#tabs a[data-tab={tab}]').click()"));
        let nameless = browser.text(
            "[...document.querySelectorAll('button, input, select, canvas, a, [role=region]')]\
             .filter((it) => it.offsetParent && !(it.textContent.trim() || it.ariaLabel || it.getAttribute('aria-label')))\
             .map((it) => it.outerHTML.slice(0, 90)).join('\\n')",
        );
        assert_eq!(nameless, "", "{tab}");
        let tables = browser.text("[...document.querySelectorAll('table')].filter((it) => it.offsetParent && !it.caption?.textContent.trim()).map((it) => it.outerHTML.slice(0, 90)).join('\\n')");
        assert_eq!(tables, "", "{tab}: tables without a caption");
    }
    assert_eq!(
        browser.eval("document.querySelectorAll('main, nav, header, footer').length >= 4"),
        true
    );
    browser.eval("document.querySelector('#tabs a[data-tab=history]').focus()");
    browser.key("ArrowLeft");
    assert_eq!(browser.text("document.activeElement.dataset.tab"), "findings");
    assert_eq!(browser.text("document.activeElement.getAttribute('aria-selected')"), "true");
    // Nothing is wider than a phone.
    browser.size(360, 740);
    for tab in ["overview", "map", "symbols", "findings", "history"] {
        browser.eval(&format!("document.querySelector('#tabs a[data-tab={tab}]').click()"));
        assert_eq!(browser.eval("document.documentElement.scrollWidth"), 360, "{tab}");
        // And no table leaves half of its room empty.
        let narrow = browser.eval("[...document.querySelectorAll('table.long')].filter((it) => it.offsetParent && it.offsetWidth < it.parentElement.clientWidth - 1).length");
        assert_eq!(narrow, 0, "{tab}");
        let columns = browser.eval("[...document.querySelectorAll('table.long')].filter((it) => it.offsetParent && [...it.tHead.rows[0].cells].reduce((sum, cell) => sum + cell.offsetWidth, 0) < it.offsetWidth - 2).length");
        assert_eq!(columns, 0, "{tab}");
    }
    calm(browser);
}

#[test]
fn light_and_dark_and_paper() {
    let Some((_dir, file, mut browser)) = opened("#tab=map&at=mm/hmm.o") else { return };
    let browser = &mut browser;
    let back = "getComputedStyle(document.body).backgroundColor";
    browser.colours("light");
    let light = browser.text(back);
    browser.colours("dark");
    let dark = browser.text(back);
    assert!(light != dark, "{light} {dark}");
    browser.click("#theme");
    assert_eq!(browser.text(back), light, "light by hand");
    browser.click("#theme");
    assert_eq!(browser.text(back), dark, "dark by hand");
    browser.open(&file, "#tab=symbols");
    browser.colours("light");
    assert_eq!(browser.text("document.documentElement.dataset.theme"), "dark", "kept");
    let params = serde_json::json!({ "printBackground": true, "transferMode": "ReturnAsBase64" });
    let pdf = browser.call("Page.printToPDF", params);
    let pdf = pdf["data"].as_str().unwrap();
    assert!(pdf.starts_with("JVBERi0"), "a PDF");
    assert!(pdf.len() > 40_000, "with all panels in it: {}", pdf.len());
    // On paper there are all panels and rows; afterwards the page is as it was.
    browser.eval("window.dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.eval("document.querySelectorAll('#symbols .left tr[data-at]').length"), 6);
    assert_eq!(browser.eval("document.querySelector('canvas').width"), 2080);
    browser.eval("window.dispatchEvent(new Event('afterprint'))");
    assert_eq!(
        browser
            .text("[...document.querySelectorAll('.panel:not(.off)')].map((it) => it.id).join()"),
        "symbols"
    );
    calm(browser);
}

#[test]
fn without_scripts_the_page_still_says_it() {
    let Some((_dir, file, mut browser)) = opened("") else { return };
    browser.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
    browser
        .call("Page.navigate", serde_json::json!({ "url": format!("file://{}", file.display()) }));
    std::thread::sleep(std::time::Duration::from_millis(500));
    let tree = browser.call("Accessibility.getFullAXTree", serde_json::json!({})).to_string();
    for words in ["hmm_range_fault", "A selects B", "2026-11-01", "size misleads"] {
        assert!(tree.contains(words), "{words}");
    }
}

#[test]
fn an_audit_says_why_a_symbol_is_there() {
    let Some(mut browser) = Browser::start() else { return };
    let table = comparison(&[
        ("hmm_range_fault", "mm/hmm.o", None, Some(1340)),
        ("other", "mm/other.o", None, Some(5)),
    ]);
    let audit = super::audit().to_string();
    let dir = case(&[("a.json", &audit), ("c.json", &table.to_string())]);
    let file = page(dir.path(), &["c.json", "a.json"]);
    browser.open(&file, "#tab=audit");
    let text = browser.text("document.querySelector('#audit').textContent");
    let types = "+ pgmap: 8 bytes; ZONE_DEVICE, include/linux/mm_types.h:90: #ifdef CONFIG_ZONE_DEVICE \
                 through dev_pagemap";
    let inlined = "72 functions +1,234 bytes, of which +812 inlined put_page";
    for part in
        ["not free", "impossible", "direct: ZONE_DEVICE", "+1,340", "Size of it", types, inlined]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    browser.open(&file, "#symbol=hmm_range_fault");
    let chain = "[...document.querySelectorAll('#symbols .chain li')].map((it) => it.textContent).join(' | ')";
    assert_eq!(
        browser.text(chain),
        "direct: ZONE_DEVICE | hmm_range_fault is definedmm/hmm.c:577 | \
         object: obj-$(CONFIG_HMM_MIRROR) += hmm.omm/Makefile:127"
    );
    let title = "document.querySelector('#symbols .detail h4').textContent";
    let by = "Why it is there, by x86_64: cost of ZONE_DEVICE where it is on";
    assert_eq!(browser.text(title), by);
    browser.open(&file, "#symbol=zap_pte_range");
    assert_eq!(browser.text("document.querySelector('[data-chooser] select').value"), "1");
    browser.eval(
        "(() => { const it = document.querySelector('#symbols select[aria-label=\"Why it is there\"]'); \
         it.value = 'ungated, inline: ZONE_DEVICE'; it.dispatchEvent(new Event('change')); })()",
    );
    assert_eq!(names(&mut browser, "symbols"), "zap_pte_range");
    browser.click("#symbols tr[data-at='0'] th");
    assert!(browser.text(chain).contains("through put_page"));
    calm(&mut browser);
}
