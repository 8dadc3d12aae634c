// The curves of metrics, drawn when they come into view.

const ChartHeight = 210;
const charts = [];

// A colour of the current theme. A canvas cannot use CSS variables.
function paint(variable) {
    const probe = document.body.appendChild(el('span'));
    probe.style.color = `var(${variable})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
}

function lineOf(run) {
    if (isColoured())
        return { stroke: paint(`--run${run}`), width: 1.75, dash: run >= 4 ? [6, 3] : undefined };
    const last = report.runs.length - 1;
    return run === 0 || run === last ? { stroke: paint(run === 0 ? '--run0' : '--run1'), width: 2 } : { stroke: paint('--others'), width: 1 };
}

function chartFigure(chart) {
    const finite = chart.series.map(series => series.y.map(toNumber).map(y => Number.isFinite(y) ? y : null));
    const data = uPlot.join(chart.series.map((series, index) => [series.x, finite[index]]));
    const plot = el('div', { class: 'plot', tabindex: 0, role: 'img', 'aria-label': `${chart.key} by ${chart.byTime ? 'time' : 'step'}, ${count(chart.series.length, 'run')}. Arrow keys move along it; the values are below.` });
    const tip = el('div', { class: 'tip', hidden: true, 'aria-live': 'polite' });
    const state = { chart, data, plot, tip, plotter: null };
    charts.push(state);
    plot.addEventListener('keydown', event => step(state, event));
    plot.addEventListener('blur', () => state.plotter?.setCursor({ left: -10, top: -10 }));
    watch.observe(plot);
    return el('figure', { 'data-metric': chart.key }, el('figcaption', null, chart.key), plot, el('p', { class: 'hint' }, notes(chart)), folded('Values', valueTable(chart, finite)));
}

const watch = new IntersectionObserver(entries => {
    for (const entry of entries.filter(entry => entry.isIntersecting))
        draw(charts.find(state => state.plot === entry.target));
}, { rootMargin: '300px' });

const resize = new ResizeObserver(entries => {
    for (const entry of entries)
        charts.find(state => state.plot === entry.target)?.plotter?.setSize({ width: entry.contentRect.width, height: ChartHeight });
});

function draw(state, again = false) {
    if (state.plotter && !again)
        return;
    state.plotter?.destroy();
    const quiet = paint('--quiet'), grid = { stroke: paint('--line'), width: 1 };
    const axis = { stroke: quiet, grid, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    const series = state.chart.series.map(({ run, x }) => {
        const line = lineOf(run);
        return { ...line, points: { show: x.length <= 60 && isColoured(), size: 5, fill: line.stroke } };
    });
    state.plotter = new uPlot({
        width: state.plot.clientWidth, height: ChartHeight,
        legend: { show: false },
        scales: { x: { time: false } },
        axes: [
            { ...axis, space: 60, size: 28, values: (_, values) => values.map(state.chart.byTime ? duration : number) },
            { ...axis, space: 36, size: (_, values) => 14 + 7 * Math.max(2, ...(values ?? []).map(value => value.length)), values: (_, values) => values.map(number) },
        ],
        cursor: { y: false, drag: { x: true, y: false }, dataIdx: nearest, points: { size: 7 } },
        series: [{}, ...series],
        hooks: { setCursor: [plotter => showTip(state, plotter)] },
    }, state.data, state.plot);
    state.plotter.over.append(state.tip);
    resize.observe(state.plot);
}

// Curves have points at different steps: the nearest point of each is shown.
function nearest(plotter, series, index) {
    if (series === 0)
        return index;
    const ys = plotter.data[series], xs = plotter.data[0];
    let left = index, right = index;
    while (left >= 0 && ys[left] == null) left--;
    while (right < ys.length && ys[right] == null) right++;
    if (left < 0 || right >= ys.length)
        return left >= 0 ? left : right < ys.length ? right : index;
    return xs[index] - xs[left] <= xs[right] - xs[index] ? left : right;
}

function showTip({ chart, tip }, plotter) {
    const { left, top, idx, idxs } = plotter.cursor;
    tip.hidden = left < 0 || idx === null || idx === undefined;
    if (tip.hidden)
        return;
    const at = chart.byTime ? duration : value => `step ${number(value)}`;
    const rows = chart.series
        .map(({ run }, index) => ({ run, x: plotter.data[0][idxs[index + 1]], y: plotter.data[index + 1][idxs[index + 1]] }))
        .filter(row => row.y !== null && row.y !== undefined)
        .map(row => ({ ...row, distance: Math.abs(plotter.valToPos(row.y, 'y') - top) }))
        .sort((one, other) => one.distance - other.distance);
    const shown = isColoured() ? rows.toSorted((one, other) => one.run - other.run) : rows.slice(0, 4);
    tip.replaceChildren(
        el('strong', null, at(plotter.data[0][idx])),
        ...shown.map(row => el('div', null, badge(row.run), el('span', { class: 'name' }, runName(row.run)), el('span', null, number(row.y)), row.x === plotter.data[0][idx] ? null : el('span', { class: 'small' }, at(row.x)))),
        rows.length > shown.length ? el('span', { class: 'small' }, `the nearest of ${rows.length} runs`) : '');
    const width = plotter.over.clientWidth, room = tip.offsetWidth + 14;
    tip.style.left = `${left + room > width ? Math.max(-40, left - room) : left + 14}px`;
    tip.style.top = `${Math.max(0, Math.min(top, plotter.over.clientHeight - tip.offsetHeight))}px`;
}

function step(state, event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !state.plotter)
        return;
    event.preventDefault();
    const xs = state.plotter.data[0];
    const index = Math.max(0, Math.min(xs.length - 1, (state.plotter.cursor.idx ?? (by > 0 ? -1 : xs.length)) + by));
    state.plotter.setCursor({ left: state.plotter.valToPos(xs[index], 'x'), top: ChartHeight / 3 });
}

function notes(chart) {
    const sampled = chart.series.filter(series => series.length > series.x.length && series.x.length > 100);
    const all = chart.series.reduce((sum, series) => sum + series.length, 0), drawn = chart.series.reduce((sum, series) => sum + series.x.length, 0);
    const odd = chart.series.reduce((sum, series) => sum + series.notFinite, 0);
    return [
        sampled.length > 0 ? `${number(drawn)} of ${number(all)} points are drawn, the extremes among them.` : `${count(all, 'point')}.`,
        odd > 0 ? ` ${count(odd, 'value')} ${odd === 1 ? 'is' : 'are'} NaN or infinite: a gap.` : '',
    ];
}

function valueTable(chart, finite) {
    const rows = chart.series.map((series, index) => {
        const ys = finite[index].filter(y => y !== null), cell = value => el('td', { class: 'number' }, number(value ?? null));
        return el('tr', null, el('th', { scope: 'row' }, badge(series.run), ' ', runName(series.run)),
            cell(series.length), cell(series.y[0]), cell(ys.length ? Math.min(...ys) : null), cell(ys.length ? Math.max(...ys) : null), cell(series.y.at(-1)));
    });
    return table('', ['Run', 'Points', 'First', 'Least', 'Most', 'Last'].map((text, index) => columnHead(text, index ? { class: 'number' } : undefined)), rows);
}

const redrawCharts = () => charts.filter(state => state.plotter).forEach(state => draw(state, true));
