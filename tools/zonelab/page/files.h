/* The files the page consists of, built into the program (files.c is made of web/ and D3 by make; empty where D3 could not be had). */
#pragma once

#include <stddef.h>

struct page_file {
	const char *path;            /* "/app.js" */
	const char *type;            /* its media type */
	const unsigned char *data;
	size_t len;
};

/* NULL for others. */
const struct page_file *page_file_find(const char *path);
size_t page_file_count(void);
