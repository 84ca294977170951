/* Lines for operators on standard error. Results and progress for people go through the command line's own output. */
#ifndef GPEN_BASE_LOG_H
#define GPEN_BASE_LOG_H

typedef enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG } log_level;

/* One line: time, level, message (printf style). Lines above the level in GPEN_LOG (error, warning, info, debug; default
 * warning) are dropped. A line is written whole, by one write. */
void log_line(log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
