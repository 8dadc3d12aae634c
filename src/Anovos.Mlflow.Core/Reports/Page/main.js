const report = JSON.parse(document.getElementById('data').textContent);

document.title = report.title;
document.getElementById('title').textContent = report.title;
document.getElementById('main').replaceChildren(facts());
for (const part of [overview, driftSection, stepSection, chartSection, systemSection, metricSection, paramSection, datasetSection, tagSection, fileSection])
    part();

const theme = document.getElementById('theme');
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? 'dark' : 'light')) === 'dark';

function onTheme() {
    theme.textContent = isDark() ? 'Light' : 'Dark';
    theme.setAttribute('aria-label', `${theme.textContent} colours`);
    redrawCharts();
}

theme.addEventListener('click', () => {
    document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
    onTheme();
});
prefersDark.addEventListener('change', onTheme);
onTheme();

// Paper is white, and charts that were not in view yet are printed too.
addEventListener('beforeprint', () => {
    document.documentElement.dataset.theme = 'light';
    charts.forEach(state => draw(state, true));
});
