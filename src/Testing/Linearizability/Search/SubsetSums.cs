namespace RaftStream.Testing.Linearizability;

/// <summary>
/// Whether some of a few numbers, none negative, have a given sum. Both halves of the numbers are turned into the sorted sums they can
/// have, equal ones once, and the two lists are walked towards each other.
/// </summary>
internal sealed class SubsetSums
{
    /// <summary>Beyond that many sums of one half the answer is "maybe".</summary>
    public const int MaxSums = 1 << 19;

    private long[] _left = new long[64];
    private long[] _right = new long[64];
    private long[] _spare = new long[64];

    /// <summary>How many sums the last call looked at.</summary>
    public int Work { get; private set; }

    /// <summary>False only if no subset has this sum.</summary>
    public bool MayReach(long goal, ReadOnlySpan<long> numbers)
    {
        var half = numbers.Length / 2;
        var left = Sums(ref _left, goal, numbers[..half]);
        var right = Sums(ref _right, goal, numbers[half..]);
        Work = Math.Abs(left) + Math.Abs(right);
        if (left < 0 || right < 0)
            return true;
        for (int low = 0, high = right - 1; low < left && high >= 0;)
        {
            var sum = _left[low] + _right[high];
            if (sum == goal)
                return true;
            if (sum < goal)
                low++;
            else
                high--;
        }
        return false;
    }

    // The sums up to the goal, ascending; how many, or the negative of it when there are too many. No sum exceeds the goal twice over,
    // which is below 2^63 as the counter's own values are.
    private int Sums(ref long[] sums, long goal, ReadOnlySpan<long> numbers)
    {
        var count = 1;
        sums[0] = 0;
        foreach (var number in numbers)
        {
            if (number > goal)
                continue;
            if (count * 2 > _spare.Length)
                _spare = new long[count * 4];
            count = Merge(sums.AsSpan(0, count), number, goal);
            (sums, _spare) = (_spare, sums);
            if (count > MaxSums)
                return -count;
        }
        return count;
    }

    // The sums with and without the number, into the spare list.
    private int Merge(ReadOnlySpan<long> sums, long number, long goal)
    {
        var count = 0;
        var without = 0;
        var with = 0;
        while (without < sums.Length || with < sums.Length)
        {
            long next;
            if (without < sums.Length && (with == sums.Length || sums[without] <= sums[with] + number))
                next = sums[without++];
            else
                next = sums[with++] + number;
            if (next > goal)
                break;
            if (count == 0 || _spare[count - 1] != next)
                _spare[count++] = next;
        }
        return count;
    }
}
