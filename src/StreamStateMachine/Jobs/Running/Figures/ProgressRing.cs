namespace RaftStream.StreamStateMachine;

/// <summary>
/// How many records a job had taken in at each look of the last ten minutes, and what comes of that: throughput, availability, and what a failure did. Not safe for several threads.
/// </summary>
internal sealed class ProgressRing
{
    /// <summary>How many looks are kept: ten minutes at ten a second.</summary>
    public const int Capacity = 6000;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>What the throughput before and after a failure is taken over.</summary>
    private static readonly TimeSpan Comparison = TimeSpan.FromSeconds(10);

    /// <summary>A failure shows before it is noticed: an election takes about as long.</summary>
    private static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(3);

    /// <summary>A stall that begins later is another matter.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(30);

    private readonly Look[] _ring = new Look[Capacity];
    private long _count;
    private (TimeSpan At, string What)? _failure;

    private int Kept => (int)Math.Min(_count, Capacity);

    /// <summary>Takes a look in.</summary>
    /// <param name="at">When, since the figures began; never earlier than the one before.</param>
    /// <param name="records">How many records were taken in by then.</param>
    /// <param name="isOwed">Whether records wait to be taken in.</param>
    public void Add(TimeSpan at, long records, bool isOwed) => _ring[_count++ % Capacity] = new(at, records, isOwed);

    /// <summary>Something failed or moved: one change, if the last was less than ten seconds ago.</summary>
    public void NoteFailure(TimeSpan at, string what)
    {
        if (_failure is not { } last || at - last.At >= Comparison)
            _failure = (at, what);
    }

    /// <summary>Records a second from an instant to the last look; null before the second look.</summary>
    public double? Throughput(TimeSpan from) => Kept < 2 ? null : Rate(from, Behind(0).At);

    /// <summary>The share of the time, from an instant on, in which the job took in what it was owed: see <see cref="FiguresReport"/>. Null where it was owed nothing.</summary>
    public double? Availability(TimeSpan from)
    {
        var (good, bad) = (TimeSpan.Zero, TimeSpan.Zero);
        var owed = false;
        Look? moved = null;
        for (var i = Kept - 1; i >= 0; i--)
        {
            var look = Behind(i);
            if (look.At < from)
                continue;
            var since = moved ??= look;
            owed |= look.IsOwed;
            if (look.Records == since.Records && i > 0)
                continue;
            if (look.At - since.At <= Second)
                good += look.At - since.At;
            else if (owed)
                bad += look.At - since.At;
            (moved, owed) = (look, false);
        }

        return good + bad == TimeSpan.Zero ? null : good / (good + bad);
    }

    /// <summary>What the last failure did, as far as it is still known.</summary>
    public FailureFigures? LastFailure(TimeSpan now)
    {
        if (_failure is not { } failure || Kept < 2 || failure.At < Behind(Kept - 1).At)
            return null;
        var (begin, end) = LongestStall(failure.At - Unnoticed, failure.At + Aftermath);
        double? after = Behind(0).At - end >= Comparison ? Rate(end, end + Comparison) : null;
        return new(failure.What, now - failure.At, end - begin, Rate(begin - Comparison, begin) ?? 0, after);
    }

    /// <summary>The longest span between two looks that had progress, which begins in a span of time. Until the progress comes, it reaches to the last look.</summary>
    private (TimeSpan Begin, TimeSpan End) LongestStall(TimeSpan from, TimeSpan to)
    {
        var (begin, end) = (from, from);
        var last = Behind(Kept - 1);
        var lastMove = last.At;
        for (var i = Kept - 2; i >= 0; i--)
        {
            var look = Behind(i);
            if (look.Records > last.Records || i == 0)
            {
                if (look.At >= from && lastMove <= to && look.At - lastMove > end - begin)
                    (begin, end) = (lastMove, look.At);
                lastMove = look.At;
            }

            last = look;
        }

        return (begin, end);
    }

    private double? Rate(TimeSpan from, TimeSpan to)
    {
        Look? first = null;
        Look? last = null;
        for (var i = Kept - 1; i >= 0; i--)
        {
            var look = Behind(i);
            if (look.At < from || look.At > to)
                continue;
            first ??= look;
            last = look;
        }

        return first is { } one && last is { } other && other.At > one.At ? (other.Records - one.Records) / (other.At - one.At).TotalSeconds : null;
    }

    /// <summary>The look that so many others came after.</summary>
    private Look Behind(int others) => _ring[(_count - 1 - others) % Capacity];

    private readonly record struct Look(TimeSpan At, long Records, bool IsOwed);
}
