# files of tools/propest
