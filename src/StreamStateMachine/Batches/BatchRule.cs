using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Decides and applies a batch. What cannot be read to its end is declined before anything is changed.</summary>
internal sealed class BatchRule(CounterLedger ledger)
{
    private CountTable Table => ledger.Counters;

    /// <summary>Applies the batch and writes its reply, or writes nothing and says why nothing was changed. <paramref name="reader"/> stands behind the opcode.</summary>
    public StoreProblem Apply(ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        var unread = reader;
        var problem = Check(ref unread);
        if (problem != StoreProblem.None)
            return problem;
        reader.TryReadArrayHeader(out var count);
        var writer = ReplyCode.Begin(reply, StoreProblem.None, 2);
        writer.WriteArrayHeader(count);
        for (var i = 0; i < count; i++)
        {
            BatchOperation.Read(ref reader, out var operation);
            Apply(operation, ref reader, writer);
        }

        return StoreProblem.None;
    }

    /// <summary>Reads the whole command: nothing that is applied afterwards can fail to be read.</summary>
    private static StoreProblem Check(scoped ref MessagePackReader reader)
    {
        if (reader.Position + reader.Remaining > StoreBatch.MaxBytes || !reader.TryReadArrayHeader(out var count) || count > StoreBatch.MaxOperations)
            return StoreProblem.Malformed;
        var (reads, pairs) = (0, 0L);
        for (var i = 0; i < count; i++)
        {
            var problem = BatchOperation.Read(ref reader, out var operation);
            if (problem != StoreProblem.None)
                return problem;
            reads += operation.Opcode == BatchOpcode.Get ? 1 : 0;
            pairs += operation.Pairs;
            if (reads > StoreBatch.MaxReads || pairs > StoreBatch.MaxPairs)
                return StoreProblem.Malformed;
            problem = CheckPairs(operation.Pairs, ref reader);
            if (problem != StoreProblem.None)
                return problem;
        }

        return reader.Remaining == 0 ? StoreProblem.None : StoreProblem.Malformed;
    }

    private static StoreProblem CheckPairs(int pairs, scoped ref MessagePackReader reader)
    {
        ReadOnlySpan<byte> last = default;
        for (var i = 0; i < pairs; i++)
        {
            var problem = BatchOperation.ReadPair(ref reader, out var key, out _);
            if (problem != StoreProblem.None)
                return problem;
            if (last.SequenceCompareTo(key) >= 0)
                return StoreProblem.Malformed;
            last = key;
        }

        return StoreProblem.None;
    }

    private void Apply(in BatchOperation operation, scoped ref MessagePackReader reader, MessagePackWriter writer)
    {
        if (operation.Opcode == BatchOpcode.SetAll)
        {
            BatchReply.WriteResult(writer, SetAll(operation.Pairs, ref reader), existed: false);
            writer.WriteNil();
            return;
        }

        var hash = KeyHash.Of(operation.Key);
        var number = Table.Find(operation.Key, hash);
        var existed = number >= 0;
        switch (operation.Opcode)
        {
            case BatchOpcode.Set:
                BatchReply.WriteResult(writer, Set(operation.Key, hash, number, operation.Value), existed);
                writer.WriteNil();
                return;
            case BatchOpcode.Increment:
                var problem = Increment(operation, hash, number, out var after);
                BatchReply.WriteResult(writer, problem, existed);
                if (problem == StoreProblem.None)
                    writer.Write(after);
                else
                    writer.WriteNil();
                return;
            case BatchOpcode.Delete:
                if (existed)
                    ledger.RemoveAt(number, operation.Key);
                BatchReply.WriteResult(writer, StoreProblem.None, existed);
                writer.WriteNil();
                return;
            default:
                BatchReply.WriteResult(writer, StoreProblem.None, existed);
                ValueEncoding.Write(writer, Table, number);
                return;
        }
    }

    private StoreProblem Increment(in BatchOperation operation, ulong hash, int number, out long after)
    {
        after = 0;
        if (number >= 0 && Table.HoldsBytes(number))
            return StoreProblem.WrongType;
        if (!AdvanceRule.TryAdd(number < 0 ? 0 : Table.ValueAt(number), operation.Delta, out after))
            return StoreProblem.Overflow;
        if (number < 0 && !Table.HasRoomFor(1, operation.Key.Length))
            return StoreProblem.Full;
        if (number < 0)
            ledger.Insert(operation.Key, hash, after);
        else
            ledger.SetAt(number, operation.Key, hash, after);
        return StoreProblem.None;
    }

    private StoreProblem Set(ReadOnlySpan<byte> key, ulong hash, int number, ReadOnlySpan<byte> value)
    {
        if (number < 0 && !Table.HasRoomFor(1, key.Length))
            return StoreProblem.Full;
        if (IntegerKey.TryParse(value, out var integer))
        {
            if (number < 0)
                ledger.Insert(key, hash, integer);
            else
                ledger.SetAt(number, key, hash, integer);
            return StoreProblem.None;
        }

        if (!Table.HasRoomForValues(value.Length - BytesOf(number)))
            return StoreProblem.Full;
        if (number < 0)
            ledger.InsertBytes(key, hash, value);
        else
            ledger.SetBytesAt(number, key, hash, value);
        return StoreProblem.None;
    }

    /// <summary>Keys differ, so none of the pairs touches what another one was checked against, and the order in which they are applied does not matter to the bounds that the last one ends at.</summary>
    private StoreProblem SetAll(int pairs, scoped ref MessagePackReader reader)
    {
        var unread = reader;
        var (newKeys, newKeyBytes, added, most) = (0, 0L, 0L, 0L);
        for (var i = 0; i < pairs; i++)
        {
            BatchOperation.ReadPair(ref unread, out var key, out var value);
            var number = Table.Find(key);
            if (number < 0)
            {
                newKeys++;
                newKeyBytes += key.Length;
            }

            added += (IntegerKey.TryParse(value, out _) ? 0 : value.Length) - BytesOf(number);
            most = Math.Max(most, added);
        }

        var fits = Table.HasRoomFor(newKeys, newKeyBytes) && Table.HasRoomForValues(most);
        for (var i = 0; i < pairs; i++)
        {
            BatchOperation.ReadPair(ref reader, out var key, out var value);
            if (!fits)
                continue;
            var hash = KeyHash.Of(key);
            var problem = Set(key, hash, Table.Find(key, hash), value);
            Invariant.Check(problem == StoreProblem.None, "pairs that fit together fit one after another");
        }

        return fits ? StoreProblem.None : StoreProblem.Full;
    }

    /// <summary>How many bytes an entry holds; none for an integer, and for -1.</summary>
    private int BytesOf(int number) => number >= 0 && Table.HoldsBytes(number) ? Table.BytesAt(number).Length : 0;
}
