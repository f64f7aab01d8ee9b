/* Telling the service manager how far we are: systemd's readiness protocol (sd_notify(3)), a datagram to the socket named by $NOTIFY_SOCKET.
 *
 * Where nobody asked for it, nothing is sent. It is advice: a failure is no reason to stop, so none is reported.
 */
#pragma once

/* "READY=1", "RELOADING=1", "STOPPING=1", or several lines. */
void readiness_notify(const char *state);
