import Services
import Wire

/// Everything that one image of PID 1 hands to the next: what it knows, and the numbers of the descriptors
/// that stay open. In a sealed memory file, and only ever read by a program that the same file was shown to
/// before (`--check-resume`); little-endian.
///
///     file       "AMOSHAND" | u32 version | i32 plan, control, notify, event port, watchdog, modules
///                | u64 watchdog interval | u64 start | u32 handovers | blob supervisor (AMOSSTAT)
///                | blob event backlog | blob history boot | blob history recent | u64 recent base
///                | u8 boot over | blob partial module line | u32 n, u32 … order of pipes
///                | u32 n, service … | u32 n, timer … | u32 n, caller …
///     service    i32 output reading, output writing, readiness | i32 writer | i32 leader | i32 emptying
///                | u8 flags | u8 end kind | i32 end value | u64 end time | text status
///                | u16 n, (u16 index in the plan, i32) … sockets | u16 n, (text, i32) … stored
///     timer      u32 service | u16 which of its timers | TimerSchedule
///     caller     i32 socket | u8 flags | u8 awaits | u32 row, pipe, event, watched (all ones: none)
///                | u32 n, u32 … changed sources
///     blob       u32 length, bytes                  −1 in an i32: none
struct HandoverState {
    static let version: UInt32 = 1
    static let magic: [UInt8] = Array("AMOSHAND".utf8)
    /// 10,000 services with a history take 2 MB.
    static let sizeLimit = 16 << 20
    /// Of every list in it.
    static let countLimit = 1 << 16

    struct Service {
        var reading: Int32 = -1
        var writing: Int32 = -1
        var readiness: Int32 = -1
        var writer: Int32 = 0
        var leader: Int32 = 0
        /// The main process that was to be killed with all of its group; −1: nothing is to be emptied.
        var emptying: Int32 = -1
        var isReloading = false
        var isArmed = false
        var hasSecrets = false
        var lastEnd = ServiceStatus.LastEnd.never
        var lastEndMilliseconds: UInt64 = 0
        var statusText = ""
        var sockets: [(index: Int, number: Int32)] = []
        var stored: [(name: String, number: Int32)] = []
    }

    struct Caller {
        var socket: Int32 = -1
        var isRoot = false
        var rights: ControlRights = []
        var isFollowing = false
        var awaits = Connection.Awaited.nothing
        var row: Int?
        var pipe: Int?
        var event: Int?
        var watched: Int?
        var changedSources: [Int] = []
    }

    struct Timer {
        var service: Int
        var index: Int
        var schedule: TimerSchedule
    }

    var plan: Int32 = -1
    var control: Int32 = -1
    var notify: Int32 = -1
    var port: Int32 = -1
    var watchdog: Int32 = -1
    var modules: Int32 = -1
    var watchdogIntervalMilliseconds: UInt64 = 0
    var startMilliseconds: UInt64 = 0
    var handovers: UInt32 = 0
    var supervisor: [UInt8] = []
    var backlog: [UInt8] = []
    var history = EventHistory()
    var partialModuleLine: [UInt8] = []
    var pipeOrder: [Int] = []
    var services: [Service] = []
    var timers: [Timer] = []
    var callers: [Caller] = []

    init() {}

    /// Every descriptor that the next image finds open.
    var descriptors: [Int32] {
        var numbers = [plan, control, notify, port, watchdog, modules]
        for service in services {
            numbers += [service.reading, service.writing, service.readiness]
            for socket in service.sockets { numbers.append(socket.number) }
            for stored in service.stored { numbers.append(stored.number) }
        }
        for caller in callers { numbers.append(caller.socket) }
        return numbers.filter { $0 >= 0 }
    }
}
