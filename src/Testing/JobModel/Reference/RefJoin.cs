using System.Collections.Immutable;

namespace RaftStream.Testing;

/// <summary>Two streams, their records paired by key and time.</summary>
internal sealed class RefJoin(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoMap<(int Side, RefKey Key), ImmutableList<Waiting>> _waiting = new(job.Undo);
    private long _numbers;

    public override void Receive(int input, ModelRecord record, long time)
    {
        var key = KeyOf(input, record, time);
        var (before, after) = input == 0 ? (Spec.Before, Spec.After) : (Spec.After, Spec.Before);

        // The last partner that is in time for it has this time, and may be late by the lateness.
        var end = time + after + Spec.Lateness;
        if (end < Watermark)
        {
            CountLate();
            return;
        }

        var other = (1 - input, key);
        var partners = (_waiting.Get(other) ?? []).Where(one => one.Time >= time - before && one.Time <= time + after).OrderBy(static one => one.Time).ThenBy(static one => one.Number).ToList();
        _waiting.Set(other, [.. (_waiting.Get(other) ?? []).Select(one => partners.Contains(one) ? one with { IsMatched = true } : one)]);
        var number = _numbers++;
        _waiting.Set((input, key), (_waiting.Get((input, key)) ?? []).Add(new(time, number, record, partners.Count > 0)));
        Job.SetTimer(this, new(end + 1, Place, input + 1, key, time, number));
        foreach (var partner in partners)
            Emit(0, input == 0 ? ModelFunctions.OfJoin(record, partner.Record) : ModelFunctions.OfJoin(partner.Record, record), Math.Max(time, partner.Time));
        Job.Counts.Add($"job join {Spec.Join} pair", partners.Count);
    }

    public override void OnTimer(RefTimer timer)
    {
        var side = (timer.Tag - 1, timer.Key);
        var waiting = _waiting.Get(side)!;
        var one = waiting.Find(item => item.Number == timer.Second)!;
        _waiting.Set(side, waiting.Remove(one));
        if (one.IsMatched || !(Spec.Join == JoinKind.Outer || (Spec.Join == JoinKind.Left && timer.Tag == 1)))
            return;
        Emit(0, timer.Tag == 1 ? ModelFunctions.OfJoin(one.Record, null) : ModelFunctions.OfJoin(null, one.Record), one.Time);
        Job.Counts.Add($"job join {Spec.Join} without a partner");
    }

    private sealed record Waiting(long Time, long Number, ModelRecord Record, bool IsMatched);
}
