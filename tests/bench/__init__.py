"""What record transport makes of a carrier's link, measured beside iperf3 on the very same link."""
