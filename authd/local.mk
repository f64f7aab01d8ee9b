# files of authd
