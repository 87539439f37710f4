/* Makes calls that the library makes to the system fail. The program's own are left alone. */
#ifndef FAULTS_H
#define FAULTS_H

/* From now on the fault that FAULT names happens; with FAULT_LOG, calls are counted instead. */
void faults_begin (void);

/* From now on nothing fails. */
void faults_end (void);

/* How often a call was made to fail. */
int faults_happened (void);

/* Prints a line for each place that calls something that may fail. */
void faults_print (void);

#endif
