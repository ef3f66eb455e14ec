import Wire

/// The event lines of this boot, for `amosctl events`, `blame` and `chart`: those up to `ready` are kept for
/// as long as they fit, because they explain the boot; of the later ones, the newest.
///
/// What a larger boot tells beyond that is lost in its middle, and whoever asks is told so.
///
///     position   0 ………………………… boot.count ……………………… recentBase ……………………… end
///                │ boot: kept for good │ overwritten, lost │ recent: a sliding window │
struct EventHistory {
    /// Until `ready`: the boot of 1,000 services fits, each of which is waiting, starting and ready.
    static let bootLimit = 256 * 1024
    /// After it: hours of an idle handset, some hundred restarts of a broken one.
    static let recentLimit = 48 * 1024

    /// Stage 1 tells some twenty things.
    static let stage1Limit = 16 * 1024

    private(set) var boot: [UInt8] = []
    private(set) var recent: [UInt8] = []
    private(set) var recentBase = 0
    private(set) var isBootOver = false

    var end: Int { recentBase + recent.count }

    /// One line with its newline.
    mutating func append(_ line: [UInt8]) {
        if !isBootOver, boot.count + line.count <= Self.bootLimit {
            boot.append(contentsOf: line)
            recentBase = boot.count
            return
        }
        isBootOver = true
        if recent.count + line.count > Self.recentLimit { forgetOldest() }
        recent.append(contentsOf: line)
    }

    mutating func endBoot() { isBootOver = true }

    /// A quarter at once, so that not every event moves the whole window.
    private mutating func forgetOldest() {
        let newline = UInt8(ascii: "\n")
        let end = recent[(Self.recentLimit / 4)...].firstIndex(of: newline).map { $0 + 1 } ?? recent.count
        recent.removeFirst(end)
        recentBase += end
    }

    /// How many bytes at this position have been overwritten.
    func lost(at position: Int) -> Int {
        position >= boot.count && position < recentBase ? recentBase - position : 0
    }

    /// The line at a position that is not lost; nil at the end.
    func line(at position: Int) -> [UInt8]? {
        if position < boot.count { return Self.line(in: boot, at: position) }
        return position < end ? Self.line(in: recent, at: position - recentBase) : nil
    }

    private static func line(in bytes: [UInt8], at start: Int) -> [UInt8] {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
        return Array(bytes[start..<end])
    }

    /// What another PID 1 kept, in its own order.
    mutating func restore(boot: [UInt8], recent: [UInt8], recentBase: Int, isBootOver: Bool) {
        (self.boot, self.recent, self.isBootOver) = (boot, recent, isBootOver)
        self.recentBase = max(recentBase, boot.count)
    }
}
