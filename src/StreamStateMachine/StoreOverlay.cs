using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Counters as they would be if commands that wait in an outbox had been applied: each does here what it would do in <see cref="CountingStore"/>.</summary>
internal static class StoreOverlay
{
    /// <summary>Reads a command that commutes, an Add or a Max. False: another one, or none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> command, out StoreOpcode opcode, out ReadOnlySpan<byte> key, out long number)
    {
        var reader = new MessagePackReader(command);
        key = default;
        number = 0;
        return StoreCommandReader.TryReadOpcode(ref reader, out opcode) && opcode is StoreOpcode.Add or StoreOpcode.Max
            && StoreCommandReader.ReadNumber(ref reader, out key, out number) == StoreProblem.None;
    }

    /// <summary>Answers a question for one counter; false for any other query.</summary>
    public static bool TryAnswer(ReadOnlySpan<byte> query, CountTable counters, ReadOnlySpan<ReadOnlyMemory<byte>> pending, IBufferWriter<byte> reply)
    {
        if (!StoreQuery.TryReadGet(query, out var key))
            return false;
        var number = counters.Find(key);
        if (number >= 0 && counters.HoldsBytes(number))
        {
            CounterReply.OfBytes.Write(reply); // Adds and raises are declined, so none of them changes that.
            return true;
        }

        var (value, exists) = (number < 0 ? 0 : counters.ValueAt(number), number >= 0);
        foreach (var command in pending)
        {
            if (!TryRead(command.Span, out var opcode, out var changed, out var operand) || !changed.SequenceEqual(key) || !(exists || counters.HasRoomFor(1, key.Length)))
                continue;
            var after = Math.Max(value, operand);
            if (opcode == StoreOpcode.Max || AdvanceRule.TryAdd(value, operand, out after))
                (value, exists) = (after, true);
        }

        new CounterReply(StoreProblem.None, value, exists, true).Write(reply);
        return true;
    }
}
