import Foundation
import FoundationXML
import Testing

@testable import Wire

/// What a boot's events say of where its time went.
@Suite struct BootTimelineTests {
    /// Times are milliseconds.
    private static func event(_ time: UInt64, _ event: BootEvent) -> TimedEvent {
        TimedEvent(nanoseconds: time * 1_000_000, event: event)
    }

    private static func service(_ name: String, _ start: UInt64, _ end: UInt64) -> [TimedEvent] {
        [
            event(start, .service(name: name, state: .starting)),
            event(end, .service(name: name, state: .ready)),
        ]
    }

    private static func module(_ name: String, _ start: UInt64, _ end: UInt64) -> TimedEvent {
        event(end, .module(name: name, durationNanoseconds: (end - start) * 1_000_000))
    }

    /// kernel, blk, ext4, two mounts | netd; drm and gpu meanwhile, whose device starts home.
    private static let boot: [TimedEvent] = {
        var events = [
            event(100, .stage(name: "stage1-start")), module("blk", 101, 110), module("ext4", 110, 130),
            event(132, .mount(path: "/", type: "erofs", options: "ro")),
            event(140, .mount(path: "/data", type: "ext4", options: "rw")),
            event(141, .stage(name: "switch-root")), module("drm", 150, 180), module("gpu", 180, 230),
            event(300, .mount(path: "/mnt/card", type: "vfat", options: "rw")), event(400, .ready),
        ]
        events += service("logd", 145, 148) + service("netd", 148, 170) + service("home", 228, 400)
        return events.sorted { $0.nanoseconds < $1.nanoseconds }
    }()

    private static let order = BootOrder(
        needs: { ["netd": ["logd"], "home": ["group"], "group": ["netd"]][$0] ?? [] },
        waitsForDevice: { $0 == "home" })

    private static func names(
        to services: [String], _ order: BootOrder = order
    ) -> (spans: [String], marks: [String]) {
        let timeline = BootTimeline(boot)
        let path = CriticalPath(to: services, in: timeline, order)
        return (path.spans.map { timeline.spans[$0].name }, path.marks.map { timeline.marks[$0].name })
    }

    @Test func aDeviceThatAModuleBringsIsOnThePath() {
        let path = Self.names(to: ["home"])
        #expect(path.spans == ["kernel", "stage 1", "blk", "ext4", "drm", "gpu", "home"])
        // The card came when nobody waited any more.
        #expect(path.marks == ["mount / (erofs)", "mount /data (ext4)"])
    }

    @Test func withoutDevicesItLeadsThroughServicesAlone() {
        let plain = BootOrder(needs: Self.order.needs)
        #expect(
            Self.names(to: ["home"], plain).spans
                == ["kernel", "stage 1", "blk", "ext4", "logd", "netd", "home"])
        #expect(Self.names(to: ["netd"]).spans == ["kernel", "stage 1", "blk", "ext4", "logd", "netd"])
    }

    /// A needed service that is up later than the module counts, not the module.
    @Test func theLaterOfModuleAndServiceCounts() throws {
        let late = Self.boot.filter { $0.event != .service(name: "netd", state: .ready) }
        let events = (late + [Self.event(228, .service(name: "netd", state: .ready))])
            .sorted { $0.nanoseconds < $1.nanoseconds }
        let slow = BootOrder(needs: { $0 == "home" ? ["netd"] : [] }, waitsForDevice: { $0 == "home" })
        let timeline = BootTimeline(events)
        let home = try #require(timeline.firstStart(of: "home"))
        #expect(timeline.cause(of: home, slow).map { timeline.spans[$0].name } == "netd")
    }

    @Test func nothingIsKnownOfABootThatIsNotReady() {
        let timeline = BootTimeline(Self.boot.filter { $0.event != .ready })
        #expect(CriticalPath(to: ["home"], in: timeline, Self.order) == CriticalPath())
        #expect(CriticalPath(to: ["nobody"], in: BootTimeline(Self.boot), Self.order) == CriticalPath())
    }

    /// Modules that take no time, at the end of a stage 1 that takes none: the search ends.
    @Test func aBootInNoTimeHasAPath() {
        var events = [
            Self.event(5, .stage(name: "stage1-start")), Self.module("a", 5, 5), Self.module("b", 5, 5),
            Self.event(5, .stage(name: "switch-root")),
        ]
        events += Self.service("s", 5, 5) + [Self.event(5, .ready)]
        let timeline = BootTimeline(events)
        let path = CriticalPath(to: ["s"], in: timeline, BootOrder(needs: { _ in [] }))
        #expect(path.spans.contains { timeline.spans[$0].name == "s" })
        #expect(Set(path.spans).count == path.spans.count)
    }

    @Test func whereEventsAreMissingTheChartSaysSo() throws {
        let lost = Self.event(200, .lost(bytes: 5_000))
        let events =
            Self.boot.filter { $0.nanoseconds < 150_000_000 || $0.nanoseconds >= 200_000_000 } + [lost]
        let timeline = BootTimeline(events.sorted { $0.nanoseconds < $1.nanoseconds })
        #expect(timeline.gaps.map(\.start) == [148_000_000])
        #expect(timeline.gaps.map(\.end) == [200_000_000] && timeline.gaps.map(\.bytes) == [5_000])
        #expect(timeline != BootTimeline(events.filter { $0 != lost }))
        func texts(_ timeline: BootTimeline) throws -> [String] {
            let svg = String(decoding: BootChart.svg(timeline, title: "a", subtitle: "b"), as: UTF8.self)
            let document = try XMLDocument(xmlString: svg)
            return try document.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
        }
        #expect(try texts(timeline).contains("events missing"))
        #expect(try !texts(BootTimeline(Self.boot)).contains("events missing"))
    }

    /// For people to look at: AMOS_TEST_OUTPUT=FOLDER.
    @Test func criticalSpansAndMarksAreBold() throws {
        let timeline = BootTimeline(Self.boot)
        let path = CriticalPath(to: ["home"], in: timeline, Self.order)
        let svg = BootChart.svg(timeline, title: "Boot of test", subtitle: "ready", critical: path)
        let document = try XMLDocument(xmlString: String(decoding: svg, as: UTF8.self))
        let bold = try document.nodes(forXPath: "//*[local-name()='text'][@font-weight='bold']")
        #expect(
            bold.compactMap(\.stringValue) == [
                "what ready waited for", "kernel", "stage 1", "blk", "ext4", "drm", "gpu", "home",
                "mount / (erofs)", "mount /data (ext4)",
            ])
        if let folder = ProcessInfo.processInfo.environment["AMOS_TEST_OUTPUT"] {
            try Data(svg).write(to: URL(fileURLWithPath: folder + "/critical.svg"))
        }
    }
}
