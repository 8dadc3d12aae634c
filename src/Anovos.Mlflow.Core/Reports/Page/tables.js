// Runs side by side: one row per key, one column per run.

function table(caption, head, rows, foot) {
    const made = el('table', null,
        caption ? el('caption', null, caption) : null,
        el('thead', null, el('tr', null, ...head)),
        el('tbody', null, ...rows),
        foot ? el('tfoot', null, foot) : null);
    return el('div', { class: report.runs.length > 4 ? 'wide many' : 'wide', tabindex: 0, role: 'group', 'aria-label': caption || 'Table' }, made);
}

const columnHead = (text, properties) => el('th', { scope: 'col', ...properties }, text);

const runHeads = kind => report.runs.map((_, run) => el('th', { scope: 'col', class: kind ? `run ${kind}` : 'run', title: runName(run) }, badge(run), el('span', { class: 'name' }, runName(run))));

function textCell(value, first) {
    if (value === null)
        return el('td', { class: first !== undefined && first !== null ? 'none differs' : 'none' }, '–');
    return el('td', { class: first !== undefined && value !== first ? 'differs' : undefined }, words(value));
}

function numberCell(value, first) {
    if (value === null)
        return el('td', { class: 'number none' }, '–');
    const n = toNumber(value), reference = toNumber(first);
    const moved = Number.isFinite(n) && Number.isFinite(reference) && reference !== 0 && n !== reference ? percent((n - reference) / Math.abs(reference)) : null;
    return el('td', { class: 'number', title: String(value) }, number(value), moved ? el('span', { class: 'small' }, moved) : null);
}

const rowHead = text => el('th', { scope: 'row' }, text);

// Rows that differ, and folded rows that do not. With a single run there is no difference.
function comparison(what, rows, cell, keyHead) {
    const kind = cell === numberCell ? 'number' : undefined;
    if (report.runs.length === 1)
        return grouped(what, rows, () => [columnHead(keyHead), columnHead('Value', { class: kind })], row => [cell(row.values[0])]);
    const differing = rows.filter(row => !row.equal), equal = rows.filter(row => row.equal);
    return [
        ...differing.length > 0
            ? grouped(what, differing, () => [columnHead(keyHead), ...runHeads(kind)], row => row.values.map((value, run) => cell(value, run === 0 ? undefined : row.values[0])))
            : [el('p', null, `All ${what} are the same in all runs.`)],
        equal.length > 0
            ? folded(`${count(equal.length, 'key')} with the same value in all runs`, ...grouped(what, equal, () => [columnHead(keyHead), columnHead('In all runs', { class: kind })], row => [cell(row.values[0])]))
            : null,
    ];
}

// Large groups, such as the statistics of each attribute, are folded one by one.
const LargeGroup = 8;

function grouped(what, rows, head, cells) {
    const groups = Object.entries(Object.groupBy(rows, row => row.key.includes('/') ? row.key.split('/')[0] : ''));
    const large = groups.filter(([name, of]) => name !== '' && of.length > LargeGroup && rows.length > 2 * LargeGroup);
    const others = rows.filter(row => !large.some(([, of]) => of.includes(row)));
    return [
        others.length > 0 ? filtered(what, others, head(), cells) : null,
        ...large.map(([name, of]) => folded(`${name}: ${of.length}`, filtered(`${what} of ${name}`, of, head(), cells))),
    ];
}

// A table, with a field to search rows by name if there are many.
function filtered(what, rows, head, cells) {
    const made = rows.map(row => el('tr', null, rowHead(row.key), ...cells(row)));
    const body = table('', head, made);
    body.setAttribute('aria-label', what);
    if (rows.length <= 12)
        return body;
    const field = el('input', { type: 'search', placeholder: `Find among ${rows.length}`, 'aria-label': `Find ${what} by name` });
    field.addEventListener('input', () => {
        const sought = field.value.trim().toLowerCase();
        made.forEach((row, index) => row.hidden = !rows[index].key.toLowerCase().includes(sought));
    });
    return el('div', null, field, body);
}
