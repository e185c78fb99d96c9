// CMake wants a shared library to have a source of its own; all of this one is in the archives that it links whole.
