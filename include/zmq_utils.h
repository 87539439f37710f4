/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Old: what this header had is in zmq.h by now. Generated with it: do not edit.
 */
#include "zmq.h"
