import Foundation
import Testing

@testable import Trust

@Suite struct CalendarTimeTests {
    /// Foundation's calendar is the referee.
    @Test func agreesWithTheCalendar() throws {
        let formatter = ISO8601DateFormatter()
        var seconds: Int64 = -62_135_596_800
        while seconds < 253_402_300_800 {
            // The Gregorian calendar only: Foundation has the Julian one before 1582.
            if seconds > -12_000_000_000 {
                let text = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
                #expect(CalendarTime.text(seconds) == text)
            }
            #expect(CalendarTime.seconds(CalendarTime.text(seconds)) == seconds)
            seconds += 86_400 * 97 + 12_345
        }
    }

    @Test(arguments: [
        "2026-11-24T15:00:00", "2026-11-24 15:00:00Z", "2026-11-24T15:00:00+00:00", "2026-11-24T15:00:00z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "0000-01-01T00:00:00Z", "",
        "2026-01-01T00:00:00.5Z", "12026-01-01T00:00:00Z", "-026-01-01T00:00:00Z",
    ]) func othersAreRefused(_ text: String) {
        #expect(CalendarTime.seconds(text) == nil)
    }

    @Test func leapDaysAreThere() {
        #expect(CalendarTime.seconds("2000-02-29T00:00:00Z") == 951_782_400)
        #expect(CalendarTime.seconds("1970-01-01T00:00:01Z") == 1)
    }
}

@Suite struct TimeFloorTests {
    private func moves(_ floor: inout TimeFloor, _ source: TimeFloor.Source) -> Bool { floor.advance(source) }

    @Test func theClockDoesNotMoveIt() {
        var floor = TimeFloor(seconds: 1000)
        #expect(floor.now(clock: 4000) == 4000)
        #expect(floor.now(clock: 500) == 1000)
        #expect(floor.now(clock: nil) == 1000)
        #expect(!moves(&floor, .systemImage(built: 900)))
        #expect(floor.seconds == 1000)
    }

    @Test func authenticatedSourcesMoveItForwards() {
        var floor = TimeFloor()
        #expect(moves(&floor, .systemImage(built: 10)))
        #expect(moves(&floor, .authenticatedServer(time: 20)))
        #expect(!moves(&floor, .authenticatedServer(time: 20)))
        #expect(moves(&floor, .timestamp(issued: 30, rootExpiry: 100)))
        #expect(floor.seconds == 30)
    }

    /// A stolen timestamp key cannot make everything expire for ever.
    @Test func aTimestampMovesItAtMostToTheRootsExpiry() {
        var floor = TimeFloor()
        #expect(moves(&floor, .timestamp(issued: .max, rootExpiry: 100)))
        #expect(floor.seconds == 99)
        #expect(!moves(&floor, .timestamp(issued: .max, rootExpiry: .min + 1)))
    }
}
