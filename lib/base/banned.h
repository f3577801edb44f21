/*
 * Functions that this project does not use: a call of one does not compile.
 * The headers that declare them come first, so that only our own calls are
 * hit. err.h includes this file, and every other header includes err.h.
 */
#ifndef FF_BASE_BANNED_H
#define FF_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) this_project_does_not_use_##name

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef alloca
#define strcpy(a, b)	  BANNED(strcpy)    /* struct buf */
#define strcat(a, b)	  BANNED(strcat)    /* struct buf */
#define strncpy(a, b, n)  BANNED(strncpy)   /* struct buf, snprintf */
#define strncat(a, b, n)  BANNED(strncat)   /* struct buf */
#define sprintf(...)	  BANNED(sprintf)   /* buf_addf, snprintf */
#define vsprintf(a, b, c) BANNED(vsprintf)  /* buf_vaddf */
#define strtok(a, b)	  BANNED(strtok)    /* strcspn, strsep */
#define gets(a)		  BANNED(gets)	    /* getline */
#define atoi(a)		  BANNED(atoi)	    /* num_parse_int */
#define atol(a)		  BANNED(atol)	    /* num_parse_int */
#define atof(a)		  BANNED(atof)	    /* num_parse_double */
#define localtime(a)	  BANNED(localtime) /* localtime_r */
#define gmtime(a)	  BANNED(gmtime)    /* gmtime_r */
#define system(a)	  BANNED(system)    /* proc.h */
#define popen(a, b)	  BANNED(popen)	    /* proc.h */
#define alloca(a)	  BANNED(alloca)    /* xmalloc */

#endif
