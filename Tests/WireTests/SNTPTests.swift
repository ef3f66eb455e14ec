import Testing
import Wire

struct SNTPTests {
    static let nonce: UInt64 = 0x0123_4567_89ab_cdef
    /// 2026-01-01 00:00:00 UTC.
    static let unix: UInt64 = 1_767_225_600

    private func bytes(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - $0))) }
    }

    /// A good answer: the server took 20 ms.
    private func answer(
        first: UInt8 = 0x24, stratum: UInt8 = 2, delay: UInt64 = 0, dispersion: UInt64 = 0,
        origin: UInt64 = nonce, seconds: UInt64 = unix + 2_208_988_800
    ) -> [UInt8] {
        let fraction: UInt64 = (1 << 32) / 50
        return [first, stratum, 6, 0xec] + bytes(delay, 4) + bytes(dispersion, 4) + bytes(0, 12)
            + bytes(origin, 8) + bytes(seconds << 32, 8) + bytes(seconds << 32 | fraction, 8)
    }

    private func time(_ answer: [UInt8], took: UInt64 = 120_000_000, floor: Int64 = 0)
        throws(SNTPExchange.Refusal) -> Int64
    {
        try SNTPExchange(nonce: Self.nonce, sentNanoseconds: 5_000)
            .time(answer: answer, receivedNanoseconds: 5_000 + took, floorSeconds: floor)
    }

    @Test func asksAsAClientWithoutTellingItsTime() {
        let request = SNTPExchange(nonce: Self.nonce, sentNanoseconds: 1).request
        #expect(request.count == 48)
        #expect(request[0] == 0x23)
        #expect(request[1..<40].allSatisfy { $0 == 0 })
        #expect(Array(request[40...]) == bytes(Self.nonce, 8))
    }

    @Test func theTimeIsTheServersPlusHalfTheWay() throws {
        // 120 ms in all, 20 ms of them in the server: the answer travelled 50 ms.
        let expected = Int64(Self.unix) * 1_000_000_000 + 70_000_000
        #expect(abs(try time(answer()) - expected) < 10)
    }

    @Test func secondsAfter2036AreInTheNextEra() throws {
        // 2040-01-01.
        let seconds: UInt64 = 2_208_988_800 + 2_208_988_800 - (1 << 32)
        #expect(try time(answer(seconds: seconds)) / 1_000_000_000 == 2_208_988_800)
    }

    @Test func everythingElseIsRefused() {
        func refusal(_ answer: [UInt8], took: UInt64 = 120_000_000, floor: Int64 = 0) -> SNTPExchange.Refusal?
        {
            do throws(SNTPExchange.Refusal) { _ = try time(answer, took: took, floor: floor) } catch {
                return error
            }
            return nil
        }
        #expect(refusal(answer()) == nil)
        #expect(refusal(Array(answer().dropLast())) == .tooShort)
        #expect(refusal(answer(first: 0x23)) == .notAnAnswer)
        #expect(refusal(answer(first: 0x25)) == .notAnAnswer)
        #expect(refusal(answer(origin: Self.nonce + 1)) == .notOurs)
        #expect(refusal(answer(stratum: 0)) == .kissOfDeath)
        #expect(refusal(answer(stratum: 16)) == .notSynchronised)
        #expect(refusal(answer(first: 0xe4)) == .notSynchronised)
        #expect(refusal(answer(delay: 2 << 16)) == .tooFar)
        #expect(refusal(answer(dispersion: 2 << 16)) == .tooFar)
        #expect(refusal(answer(), took: 2_000_000_000) == .tooFar)
        #expect(refusal(answer(), took: 10_000_000) == .tooFar)
        #expect(refusal(answer(), floor: Int64(Self.unix) + 1) == .beforeFloor)
        #expect(refusal(answer(), floor: Int64(Self.unix)) == nil)
    }
}
