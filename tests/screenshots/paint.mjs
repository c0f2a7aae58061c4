// paint.mjs FOLDER OUT: each FOLDER/NAME.raw, bytes for a terminal of 100 x 28, as OUT/NAME.png: xterm.js in chromium.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [, , folder, out] = process.argv;
const ROWS = 28, COLUMNS = 100;
const require = createRequire(import.meta.url);
const FONTS = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono';
const theme = {
  background: '#14181f', foreground: '#d5dae3', cursor: '#d5dae3',
  black: '#1c212a', red: '#ef6b73', green: '#7fbf7f', yellow: '#e5b567', blue: '#6aa5e8', magenta: '#c58af9',
  cyan: '#56bfc9', white: '#d5dae3', brightBlack: '#6b7482', brightRed: '#ff8a90', brightGreen: '#9fdb9f',
  brightYellow: '#ffd48a', brightBlue: '#8fc0ff', brightMagenta: '#dcaeff', brightCyan: '#7fe3ec', brightWhite: '#ffffff',
};

const script = name => fs.readFileSync(require.resolve(name), 'utf8').replaceAll('</script', '<\\/script');
const font = suffix => fs.readFileSync(FONTS + suffix + '.ttf').toString('base64');
const page = `<!doctype html><meta charset="utf-8"><style>
${fs.readFileSync(require.resolve('@xterm/xterm/css/xterm.css'), 'utf8')}
@font-face { font-family: Terminal; src: url(data:font/ttf;base64,${font('')}) }
@font-face { font-family: Terminal; font-weight: bold; src: url(data:font/ttf;base64,${font('-Bold')}) }
body { margin: 0; background: ${theme.background} }
#terminal { display: inline-block; padding: 12px; background: ${theme.background} }
.xterm-viewport { overflow: hidden !important }
</style><div id="terminal"></div><script>${script('@xterm/xterm/lib/xterm.js')}</script>
<script>${script('@xterm/addon-unicode11/lib/addon-unicode11.js')}</script>`;

const draw = async ({ bytes, rows, columns, theme }) => {
  await Promise.all([document.fonts.load('16px Terminal'), document.fonts.load('bold 16px Terminal')]);
  const terminal = new Terminal({
    rows, cols: columns, theme, allowProposedApi: true, fontSize: 16, scrollback: 0, drawBoldTextInBrightColors: false,
    fontFamily: 'Terminal, "Noto Sans Mono CJK JP", monospace', cursorInactiveStyle: 'none', cursorBlink: false,
  });
  terminal.loadAddon(new Unicode11Addon.Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  terminal.open(document.getElementById('terminal'));
  const raw = Uint8Array.from(atob(bytes), c => c.charCodeAt(0));
  await new Promise(done => terminal.write(raw, done));
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
};

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
fs.mkdirSync(out, { recursive: true });
for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.raw')).sort()) {
  const tab = await browser.newPage({ viewport: { width: 1400, height: 900 }, deviceScaleFactor: 2 });
  tab.on('pageerror', fault => { throw fault; });
  await tab.setContent(page);
  const bytes = fs.readFileSync(path.join(folder, file)).toString('base64');
  await tab.evaluate(draw, { bytes, rows: ROWS, columns: COLUMNS, theme });
  const target = path.join(out, file.replace(/\.raw$/, '.png'));
  await tab.locator('#terminal').screenshot({ path: target });
  console.log(target);
  await tab.close();
}
await browser.close();
