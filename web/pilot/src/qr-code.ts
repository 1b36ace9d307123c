import { correction, generate } from 'lean-qr';

const SVG = 'http://www.w3.org/2000/svg';
/** Modules that have to stay white around a code. */
const QUIET = 4;

/** Draws a text as a QR code: always black on white, since not every camera reads an inverted one. */
export function drawQrCode(text: string, label: string): SVGElement {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const size = code.size + 2 * QUIET;
  const squares: string[] = [];
  for (let y = 0; y < code.size; y += 1)
    for (let x = 0; x < code.size; x += 1)
      if (code.get(x, y)) squares.push(`M${x + QUIET} ${y + QUIET}h1v1h-1z`);
  const element = (name: string, attributes: { readonly [name: string]: string }): SVGElement => {
    const made = document.createElementNS(SVG, name) as SVGElement;
    for (const attribute of Object.keys(attributes))
      made.setAttribute(attribute, attributes[attribute] ?? '');
    return made;
  };
  const svg = element('svg', {
    viewBox: `0 0 ${size} ${size}`,
    role: 'img',
    'aria-label': label,
    'shape-rendering': 'crispEdges',
  });
  svg.appendChild(element('rect', { width: String(size), height: String(size), fill: '#fff' }));
  svg.appendChild(element('path', { d: squares.join(''), fill: '#000' }));
  return svg;
}
