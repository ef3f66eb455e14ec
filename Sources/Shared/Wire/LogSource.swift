/// What PID 1 tells the logger about one service's output. The first message about a service brings the
/// reading end of its pipe along.
///
///     source   text service | i32 process | u32 lines per second | u32 burst
public struct LogSource: Equatable, Sendable {
    public var service: String
    /// Its main process; 0: none at the moment.
    public var process: Int32
    /// What it may log: a bucket of `burst` lines that refills with `linesPerSecond`; 0: no limit.
    public var linesPerSecond: UInt32
    public var burst: UInt32

    public init(service: String, process: Int32, linesPerSecond: UInt32, burst: UInt32) {
        self.service = service
        self.process = process
        self.linesPerSecond = linesPerSecond
        self.burst = burst
    }

    func encode(to writer: inout ByteWriter) {
        writer.write(service)
        writer.write(process)
        writer.write(linesPerSecond)
        writer.write(burst)
    }

    init(decoding reader: inout ByteReader) throws(WireError) {
        service = try reader.readText()
        process = try reader.readInt32()
        linesPerSecond = try reader.readUInt32()
        burst = try reader.readUInt32()
    }
}
