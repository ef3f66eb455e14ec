import CLinux
import Wire

/// The time of day, in the kernel and in the hardware clock.
public enum WallClock {
    /// `CLOCK_REALTIME`, nanoseconds since 1970; wrong until somebody has set the clock.
    public static var unixNanoseconds: Int64 { amos_wall_time_ns() }

    /// Steps the clock (`clock_settime(2)`).
    public static func set(unixNanoseconds: Int64) throws(SystemCallError) {
        try retryingOnInterrupt("set the clock") { amos_set_wall_time_ns(unixNanoseconds) }
    }

    /// What the hardware clock says, in seconds since 1970; nil where there is none.
    public static var hardwareSeconds: Int64? {
        guard let text = contents(of: "/sys/class/rtc/rtc0/since_epoch", limit: 32) else { return nil }
        return Decimal.leading(text[...]).flatMap(Int64.init(exactly:))
    }

    /// Writes the system's time to the hardware clock.
    public static func saveToHardware(unixSeconds: Int64) throws(SystemCallError) {
        let clock = try FileDescriptor.open("/dev/rtc0")
        let fd = clock.rawValue
        try retryingOnInterrupt("set", "/dev/rtc0") { amos_set_hardware_clock(fd, unixSeconds) }
    }
}

/// Datagrams to and from one server.
public struct UDPConnection: ~Copyable {
    private let descriptor: FileDescriptor

    /// Resolves `host` and connects; waits for the name server if it must.
    public init(host: String, port: String) throws(SystemCallError) {
        let fd = try retryingOnInterrupt("reach", host) {
            host.withCString { host in port.withCString { amos_connect_udp(host, $0) } }
        }
        descriptor = FileDescriptor(owning: Int32(fd))
    }

    public borrowing func send(_ bytes: [UInt8]) throws(SystemCallError) {
        _ = try descriptor.writeOnce(bytes.span)
    }

    /// The next datagram, at most `limit` bytes of it; nil after `milliseconds` without one.
    public borrowing func receive(
        limit: Int, milliseconds: Int32
    ) throws(SystemCallError) -> [UInt8]? {
        let fd = descriptor.rawValue
        let ready = try retryingOnInterrupt("poll") { amos_wait_readable(fd, milliseconds) }
        return ready == 0 ? nil : try descriptor.read(upTo: limit)
    }
}
