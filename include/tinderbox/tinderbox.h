#pragma once

/// @file
/// Everything of Tinderbox's C++ API.
#include "tinderbox/arrow.h"
#include "tinderbox/catalog.h"
#include "tinderbox/column.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/diff.h"
#include "tinderbox/error.h"
#include "tinderbox/functions.h"
#include "tinderbox/read_write.h"
#include "tinderbox/row.h"
#include "tinderbox/server_error.h"
#include "tinderbox/session.h"
#include "tinderbox/typed.h"
#include "tinderbox/types.h"
