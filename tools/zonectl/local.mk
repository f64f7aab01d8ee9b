# files of tools/zonectl
