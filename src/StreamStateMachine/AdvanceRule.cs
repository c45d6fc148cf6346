namespace RaftStream.StreamStateMachine;

/// <summary>
/// Decides and applies an Advance: state and offset change in one command or not at all.
/// </summary>
/// <remarks>
/// Exactly once rests on one comparison: a command applies only if it starts at the committed offset, and then moves that offset. A copy
/// of an applied command, one that overtook its predecessor or one of a reader that started elsewhere finds another offset and is
/// declined. The epoch could be left out and counts would still be right; it only tells an older reader to stop instead of racing on.
/// Where nothing lies between the two offsets, the comparison would let copies through: such a command may change nothing.
/// </remarks>
internal sealed class AdvanceRule(CounterLedger ledger, PartitionTable partitions)
{
    private readonly List<Target> _targets = [];

    /// <summary>Applies the command, or says why nothing was changed. <paramref name="payload"/> holds the keys.</summary>
    public StoreProblem Apply(AdvanceCommand command, ReadOnlySpan<byte> payload, out PartitionState? partition)
    {
        partition = partitions.Find(command.Name);
        if (command.From == command.To && (command.Words > 0 || command.Changes.Count > 0))
            return StoreProblem.Malformed;
        if (partition is null || command.Epoch > partition.Epoch)
            return StoreProblem.NotOpened;
        if (command.Epoch < partition.Epoch)
            return StoreProblem.Superseded;
        if (command.From != partition.Offset)
            return StoreProblem.WrongOffset;
        if (!partition.CanAdvance(command.Words, command.Letters.Count))
            return StoreProblem.Overflow;
        var problem = Check(command, payload);
        if (problem != StoreProblem.None)
            return problem;
        Commit(command, payload);
        partition = partitions.Advance(partition, command);
        return StoreProblem.None;
    }

    /// <summary>
    /// Finds where each change goes and whether all sums and new keys fit. Keys differ, so no change touches another's counter.
    /// </summary>
    private StoreProblem Check(AdvanceCommand command, ReadOnlySpan<byte> payload)
    {
        _targets.Clear();
        if (_targets.Capacity > command.Changes.Capacity)
            _targets.Capacity = command.Changes.Capacity;
        var (newKeys, newBytes) = (0, 0L);
        foreach (var change in command.Changes)
        {
            var key = payload.Slice(change.KeyStart, change.KeyLength);
            var hash = KeyHash.Of(key);
            var number = ledger.Counters.Find(key, hash);
            var value = change.Delta;
            if (number < 0)
            {
                newKeys++;
                newBytes += key.Length;
            }
            else if (ledger.Counters.HoldsBytes(number))
            {
                return StoreProblem.WrongType;
            }
            else if (!TryAdd(ledger.Counters.ValueAt(number), change.Delta, out value))
            {
                return StoreProblem.Overflow;
            }

            _targets.Add(new(number, hash, value));
        }

        return ledger.Counters.HasRoomFor(newKeys, newBytes) ? StoreProblem.None : StoreProblem.Full;
    }

    private void Commit(AdvanceCommand command, ReadOnlySpan<byte> payload)
    {
        for (var i = 0; i < _targets.Count; i++)
        {
            var (number, hash, value) = _targets[i];
            var key = payload.Slice(command.Changes[i].KeyStart, command.Changes[i].KeyLength);
            if (number >= 0)
                ledger.SetAt(number, key, hash, value);
            else
                ledger.Insert(key, hash, value);
        }
    }

    /// <summary>Adds two values; false where the sum leaves the range of 64 bits.</summary>
    public static bool TryAdd(long left, long right, out long sum)
    {
        sum = unchecked(left + right);
        return ((left ^ sum) & (right ^ sum)) >= 0;
    }

    /// <summary>Where a change goes: an entry's number, or -1 for a new key, and its value afterwards.</summary>
    private readonly record struct Target(int Number, ulong Hash, long Value);
}
