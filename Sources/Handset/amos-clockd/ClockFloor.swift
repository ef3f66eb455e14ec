import LinuxSystem

/// The latest time that a server has confirmed, kept on `data`: time does not run backwards across boots, so
/// an empty hardware clock or a lying server cannot bring expired certificates and old releases back to life.
struct ClockFloor {
    static let path = "/data/amos/clock"
    /// Earlier than this software: no clock shows less.
    static let oldestSeconds: Int64 = 1_704_067_200

    private(set) var seconds: Int64

    init() {
        let saved = contents(of: Self.path, limit: 32).flatMap { WallClock.decimal($0) } ?? 0
        seconds = max(saved, Self.oldestSeconds)
    }

    mutating func raise(to confirmed: Int64) {
        guard confirmed > seconds else { return }
        seconds = confirmed
        do throws(SystemCallError) {
            try Directory.make("/data/amos")
            try Directory.replaceFile(Self.path, with: Array((String(confirmed) + "\n").utf8))
        } catch {
            Output.say("amos-clockd: " + error.description)
        }
    }
}
