-- made by zonelab
clearTA('.')
