// One function per section, in the order of the page. Empty sections are left out.

function driftSection() {
    if (report.drift.length === 0)
        return;
    const made = report.drift.flatMap(({ name, methods, rows }) => {
        const cell = (row, run) => {
            const values = row.values[run], flag = row.flags[run];
            if (flag === null || flag === undefined)
                return el('td', { class: 'number none' }, '–');
            const texts = (values ?? []).map((value, index) => value === null ? null : methods.length > 1 ? el('span', { class: 'small' }, `${methods[index]} ${number(value)}`) : number(value));
            return el('td', { class: flag ? 'number flagged' : 'number' }, flag ? ['▲ ', el('span', { class: 'unseen' }, 'flagged ')] : '', ...texts);
        };
        const lines = of => of.map(row => el('tr', null, rowHead(row.attribute), ...report.runs.map((_, run) => cell(row, run))));
        const flagged = rows.filter(row => row.flags.some(flag => flag)), quiet = rows.filter(row => !row.flags.some(flag => flag));
        const head = [columnHead('Attribute'), ...runHeads('number')];
        return [
            el('h3', null, methods.length === 1 ? `${name}: ${methods[0]}` : name),
            flagged.length ? table('', head, lines(flagged)) : el('p', null, 'No attribute is flagged.'),
            quiet.length ? folded(`${count(quiet.length, 'attribute')} not flagged in any run`, table('', head.map(node => node.cloneNode(true)), lines(quiet))) : null,
        ];
    });
    section('drift', 'Drift and stability', 'Attributes marked ▲ are flagged by the workflow; those flagged in most runs come first.', ...made);
}

function stepSection() {
    const { steps, total, runs } = report;
    if (steps.length === 0 && !total)
        return;
    const all = steps.flatMap(step => step.values.map(toNumber)).filter(Number.isFinite), longest = Math.max(0, ...all);
    const slowest = runs.map((_, run) => slowestIn(run)?.key);
    const cell = (row, withBar) => (value, run) => {
        const seconds = toNumber(value), first = toNumber(row.values[0]);
        if (value === null || !Number.isFinite(seconds))
            return el('td', { class: 'none' }, '–');
        const factor = run > 0 && first > 0 && Math.max(seconds, first) >= 1 ? seconds / first : 1;
        const change = factor >= 1.2 || factor <= 0.8 ? el('span', { class: factor > 1 ? 'small slower' : 'small faster' }, `×${factor.toFixed(factor < 10 ? 2 : 0)} of run 1`) : null;
        return el('td', { class: 'time' }, withBar ? bar(seconds, longest, row.key === slowest[run]) : null, duration(seconds), change);
    };
    const rows = steps.map(step => el('tr', null, rowHead(stepName(step.key)), ...step.values.map(cell(step, true))));
    const foot = total ? el('tr', null, rowHead('All, without the report'), ...total.values.map(cell(total, false))) : null;
    section('steps', 'Time of steps', 'The slowest first; the slowest of each run is in orange.', table('', [columnHead('Step'), ...runHeads()], rows, foot));
}

const isSystem = chart => chart.key.startsWith('system/');
const isOfWorkflow = chart => chart.key.includes('/workflow/');

// The curves of metrics, and the colour of each run.
function curves(charts) {
    const many = !isColoured();
    const entries = report.runs.map((_, run) => run).filter(run => charts.some(chart => chart.series.some(series => series.run === run)));
    const key = many
        ? el('ul', { class: 'key' }, ...[0, report.runs.length - 1].map((run, index) => el('li', null, el('span', { class: `badge run${index}` }, String(run + 1)), ` ${runName(run)}`)), el('li', null, 'the other runs in grey'))
        : el('ul', { class: 'key' }, ...entries.map(run => el('li', { title: runName(run) }, badge(run), ` ${runName(run)}`)));
    return [key, el('div', { class: 'charts' }, ...charts.map(chartFigure))];
}

function chartSection() {
    const charts = report.charts.filter(chart => !isSystem(chart));
    if (charts.length === 0)
        return;
    section('curves', 'Metrics over time', 'Point at a curve, or move along it with the arrow keys, for its values; drag to enlarge a part, double-click to go back.',
        ...curves(charts),
        report.notDrawn > 0 ? el('p', { class: 'hint' }, `The histories of ${count(report.notDrawn, 'more metric')} were not read; -MetricName selects others.`) : null);
}

function systemSection() {
    const of = report.charts.filter(isSystem), charts = [...of.filter(isOfWorkflow), ...of.filter(chart => !isOfWorkflow(chart))];
    const missing = report.runs.map((run, index) => run.systemMissing ? el('p', { class: 'hint' }, badge(index), ` ${run.systemMissing}`) : null);
    if (report.system.length === 0 && missing.every(line => line === null))
        return;
    section('system', 'System metrics', 'The use of the machine while a run went on, and under "workflow" that of the workflow\'s own processes.',
        ...missing, ...charts.length > 0 ? curves(charts) : [],
        report.system.length > 0 ? folded('The latest values', ...comparison('system metrics', report.system, numberCell, 'Metric')) : null);
}

function metricSection() {
    if (report.metrics.length > 0)
        section('metrics', 'Metrics', report.runs.length > 1 ? 'The latest values, and how far they are from run 1.' : 'The latest values.', ...comparison('metrics', report.metrics, numberCell, 'Metric'));
}

function paramSection() {
    if (report.params.length > 0)
        section('params', 'Params', report.runs.length > 1 ? 'Marked where they differ from run 1.' : null, ...comparison('params', report.params, textCell, 'Param'));
}

function datasetSection() {
    const rows = report.runs.flatMap((run, index) => run.datasets.map(dataset => el('tr', null,
        rowHead(dataset.name), el('td', null, badge(index)), el('td', null, dataset.context ?? '–'), el('td', { class: 'mono' }, dataset.digest), el('td', null, dataset.type), el('td', null, words(dataset.source)))));
    if (rows.length > 0)
        section('datasets', 'Datasets', null, table('', ['Dataset', 'Run', 'Context', 'Digest', 'Type', 'Source'].map(text => columnHead(text)), rows));
}

function tagSection() {
    if (report.tags.length > 0)
        section('tags', 'Tags', null, ...comparison('tags', report.tags, textCell, 'Tag'));
}

function fileSection() {
    const without = report.runs.map((_, run) => run).filter(run => report.runs[run].files.length === 0 && !report.runs[run].problem);
    if (without.length === report.runs.length)
        return;
    const hint = without.length > 0 ? `None in ${without.length === 1 ? 'run' : 'runs'} ${few(without.map(run => String(run + 1)), 20)}.` : null;
    section('files', 'Artifacts', hint, ...report.runs.map((run, index) => {
        if (without.includes(index))
            return null;
        const bytesOfAll = run.files.reduce((sum, file) => sum + (file.length ?? 0), 0);
        const list = el('ul', { class: 'files' }, ...run.files.map(file => el('li', null, link(fileAddress(run, file.path), file.path), el('span', { class: 'size' }, bytes(file.length)))));
        const summary = `${run.filesComplete ? '' : 'the first '}${count(run.files.length, 'file')}, ${bytes(bytesOfAll)}`;
        return el('div', null,
            el('h3', null, badge(index), ` ${runName(index)}`),
            run.problem ? el('p', { class: 'alert' }, `They could not be read: ${run.problem}`) : null,
            ...run.reports.map(file => reportEntry(run, file)),
            run.files.length === 0 ? null : run.files.length <= 12 && report.runs.length <= 4 ? list : folded(summary, list));
    }));
}

// The page of a run shows its artifacts below /artifacts, on servers and in workspaces.
const fileAddress = (run, path) => run.page ? `${run.page}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}` : null;

function reportEntry(run, file) {
    const entry = el('div', { class: 'report' }, el('strong', null, link(fileAddress(run, file.path), file.path)), el('span', { class: 'hint' }, bytes(file.length)));
    if (!file.copy) {
        entry.append(el('span', { class: 'hint' }, `No copy here: ${file.whyNot}.`));
        return entry;
    }
    const save = el('button', { type: 'button' }, 'Save a copy'), show = el('button', { type: 'button', 'aria-expanded': 'false' }, 'Show');
    const place = el('div');
    save.addEventListener('click', async () => {
        const address = URL.createObjectURL(new Blob([await unpack(file.copy)], { type: 'application/octet-stream' }));
        el('a', { href: address, download: file.path.split('/').at(-1) }).click();
        setTimeout(() => URL.revokeObjectURL(address), 10000);
    });
    show.addEventListener('click', async () => {
        const isShown = place.childElementCount > 0;
        place.replaceChildren(...isShown ? [] : [frame(file, await unpack(file.copy))]);
        show.setAttribute('aria-expanded', String(!isShown));
        show.textContent = isShown ? 'Show' : 'Hide';
    });
    entry.append(show, save);
    return el('div', null, entry, place);
}

async function unpack(copy) {
    const packed = Uint8Array.from(atob(copy), character => character.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}

// A page by somebody else, in a frame that runs no scripts and, because of this page's policy, sends no requests. Elements
// that would try to are removed first.
function frame(file, html) {
    const inert = new DOMParser().parseFromString(html, 'text/html');
    const needsScripts = inert.querySelector('script') !== null;
    inert.querySelectorAll('script, link, meta, base, iframe, frame, object, embed, form').forEach(element => element.remove());
    for (const element of inert.querySelectorAll('*')) {
        for (const { name, value } of [...element.attributes]) {
            if (/^on/i.test(name) || /^(src|srcset|href|xlink:href|poster|background|action|formaction|ping|data)$/i.test(name) && !/^(data:image\/|#)/i.test(value))
                element.removeAttribute(name);
        }
    }
    const content = inert.body.cloneNode(true);
    content.querySelectorAll('style, nav, footer').forEach(element => element.remove());
    if (needsScripts && content.textContent.trim().length < 200)
        return el('p', { class: 'hint' }, 'This report draws itself with scripts from the internet, which do not run here. Save a copy and open that, if you trust it.');
    return el('iframe', { title: file.path, sandbox: '', srcdoc: `<!DOCTYPE html>${inert.documentElement.outerHTML}` });
}
