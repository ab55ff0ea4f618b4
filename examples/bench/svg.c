// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The few shapes of SVG that a plot needs.
 */
#include "svg.h"

#include "text.h"

void svg_begin(FILE *f, int width, int height)
{
	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n",
		width, height, width, height);
	svg_rect(f, 0, 0, width, height, "#ffffff");
}

void svg_end(FILE *f)
{
	fputs("</svg>\n", f);
}

void svg_rect(FILE *f, double x, double y, double width, double height, const char *color)
{
	fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x,
		y, width, height, color);
}

void svg_line(FILE *f, double x1, double y1, double x2, double y2, const char *style)
{
	fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2,
		style);
}

/* Control characters are not allowed in XML in any form, and it must be UTF-8. */
static void put_escaped(FILE *f, const char *text)
{
	for (size_t len; *text; text += len ? len : 1) {
		len = text_char_len(text);
		if (!len)
			fputc('?', f);
		else if (len > 1)
			fwrite(text, 1, len, f);
		else if (*text == '&')
			fputs("&amp;", f);
		else if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '>')
			fputs("&gt;", f);
		else
			fputc((unsigned char)*text < ' ' ? '?' : *text, f);
	}
}

void svg_text(FILE *f, double x, double y, const struct svg_font *font, const char *text)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" text-anchor=\"%s\" fill=\"%s\"", x,
		y, font->size, font->anchor, font->color);
	if (font->bold)
		fputs(" font-weight=\"bold\"", f);
	if (font->turned)
		fprintf(f, " transform=\"rotate(-90 %.1f %.1f)\"", x, y);
	fputc('>', f);
	put_escaped(f, text);
	fputs("</text>\n", f);
}
