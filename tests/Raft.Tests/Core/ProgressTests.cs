using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class ProgressTests
{
    private static readonly Instant Now = new(1_000);

    [Test]
    public void A_peer_is_probed_until_it_answers_and_then_fed()
    {
        var progress = Fed(match: 7);
        Assert.That((progress.State, progress.Match, progress.Next, progress.IsWaiting), Is.EqualTo((ProgressState.Replicate, new LogIndex(7), new LogIndex(8), false)));
    }

    [Test]
    public void Match_never_goes_back()
    {
        var progress = Fed(match: 7);
        Assert.That(progress.Matched(new(3), LogIndex.Zero, Now), Is.False);
        Assert.That(progress.Match, Is.EqualTo(new LogIndex(7)));
    }

    [Test]
    public void An_answer_frees_its_own_place_in_the_window_and_all_before_it()
    {
        var progress = Fed(match: 7);
        progress.SentEntries(new(8), 100, Now);
        progress.SentEntries(new(9), 20, Now);
        progress.SentEntries(new(10), 3, Now);
        Assert.That((progress.InflightAppends, progress.InflightBytes, progress.Next), Is.EqualTo((3, 123, new LogIndex(11))));
        progress.Matched(new(9), LogIndex.Zero, Now);
        Assert.That((progress.InflightAppends, progress.InflightBytes, progress.IsWaiting), Is.EqualTo((1, 3, true)));
        progress.Matched(new(10), LogIndex.Zero, Now);
        Assert.That((progress.InflightAppends, progress.InflightBytes, progress.IsWaiting), Is.EqualTo((0, 0, false)));
    }

    [Test]
    public void Probing_again_forgets_the_window()
    {
        var progress = Fed(match: 7);
        progress.SentEntries(new(8), 100, Now);
        progress.Probe(new(8));
        Assert.That((progress.State, progress.InflightAppends, progress.InflightBytes, progress.IsWaiting), Is.EqualTo((ProgressState.Probe, 0, 0, false)));
    }

    [Test]
    public void What_a_peer_holds_is_not_probed()
    {
        var progress = Fed(match: 7);
        Assert.That(() => progress.Probe(new(7)), Throws.TypeOf<InvariantException>());
    }

    [Test]
    public void A_window_is_not_overrun()
    {
        var progress = Fed(match: 7);
        for (var last = 8; last < 8 + Window; last++)
            progress.SentEntries(new(last), 1, Now);
        Assert.That(() => progress.SentEntries(new(8 + Window), 1, Now), Throws.TypeOf<InvariantException>());
    }

    [Test]
    public void A_peer_that_fetched_a_snapshot_is_fed_only_if_the_log_still_goes_on_from_there([Values(5, 6)] int logBase)
    {
        var progress = new Progress(Window);
        progress.Start(new(9), Now);
        progress.AwaitSnapshot(new(5), Now);
        progress.Matched(new(5), new(logBase), Now);
        Assert.That(progress.State, Is.EqualTo(logBase == 5 ? ProgressState.Replicate : ProgressState.Snapshot));
    }

    [Test]
    public void Rounds_and_contact_only_go_forward()
    {
        var progress = Fed(match: 7);
        progress.Answered(5, new(1_500), disk: 1, new(2_000));
        progress.Answered(4, new(1_400), disk: 1, new(3_000));
        Assert.That((progress.AnsweredRound, progress.AnsweredSentAt, progress.LastContact), Is.EqualTo((5L, new Instant(1_500), new Instant(3_000))));
        progress.Start(new(9), new(4_000));
        Assert.That((progress.AnsweredRound, progress.Match), Is.EqualTo((0L, LogIndex.Zero)), "a new term of leadership knows nothing");
    }

    private const int Window = 4;

    private static Progress Fed(int match)
    {
        var progress = new Progress(Window);
        progress.Start(new(match), Now);
        progress.SentEntries(new(match), 0, Now);
        Assert.That((progress.State, progress.IsWaiting), Is.EqualTo((ProgressState.Probe, true)));
        progress.Matched(new(match), LogIndex.Zero, Now);
        return progress;
    }
}
