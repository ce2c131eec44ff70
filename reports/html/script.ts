/**
 * The report's only script. Without it everything can still be read: it adds j and k, the copy buttons, the mark in the
 * contents, opens what is folded before printing, and shows the end of a drawing that is too wide: there it breaks.
 */
export const script = `'use strict';
const findings = [...document.querySelectorAll('article.finding')];
const links = [...document.querySelectorAll('.side a[href^="#finding-"]')];
let current = -1;

const mark = () => {
  current = findings.findIndex((finding) => '#' + finding.id === location.hash);
  for (const link of links) {
    if (current >= 0 && link.hash === location.hash) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
};

const show = (index) => {
  const finding = findings[index];
  if (!finding) return;
  history.replaceState(null, '', '#' + finding.id);
  mark();
  finding.focus({ preventScroll: true });
  finding.scrollIntoView({ block: 'start' });
};

addEventListener('hashchange', mark);
mark();

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'j') show(Math.min(findings.length - 1, current + 1));
  if (event.key === 'k') show(Math.max(0, current - 1));
});

const copy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('the browser refused');
};

for (const button of document.querySelectorAll('.replay button')) {
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener('click', async () => {
    const source = button.parentElement.querySelector('code');
    try {
      await copy(source.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}

for (const drawing of document.querySelectorAll('.scroll > .strip')) {
  drawing.parentElement.scrollLeft = drawing.parentElement.scrollWidth;
}

addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
`;
