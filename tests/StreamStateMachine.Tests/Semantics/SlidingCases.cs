using static RaftStream.StreamStateMachine.Tests.Semantics.Hand;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>The sliding windows of Kafka Streams, of which there are the left ones here. The table of docs/streams-semantics.md names each case.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SlidingCases
{
    private static readonly WindowAssigner Back10 = Window.Sliding(Ms(10));

    [Test]
    public void Both_ends_belong_to_a_sliding_window()
    {
        var job = Listing(Back10);
        job.Push("a:1@0", "a:2@10", "a:3@21");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -10-1: 1", "a 0-11: 12", "a 11-22: 3" }));
    }

    [Test]
    public void There_are_no_windows_that_begin_behind_a_record()
    {
        var job = Listing(Back10);
        job.Push("a:1@0", "a:2@5");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -10-1: 1", "a -5-6: 12" }), "Kafka has 1-11 of the second record alone, too");
    }

    [Test]
    public void Records_of_one_time_have_one_window()
    {
        var job = Listing(Back10);
        job.Push("a:1@5", "a:2@5");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -5-6: 12" }));
    }

    [Test]
    public void Each_key_has_sliding_windows_of_its_own()
    {
        var job = Listing(Back10);
        job.Push("a:1@1", "b:x@2", "a:2@3");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -9-2: 1", "b -8-3: x", "a -7-4: 12" }));
    }

    [Test]
    public void A_record_out_of_order_counts_in_the_windows_behind_it()
    {
        var job = Listing(Back10, bound: 100);
        job.Push("a:2@8", "a:3@30", "a:1@2");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -8-3: 1", "a -2-9: 21", "a 20-31: 3" }));
    }

    [Test]
    public void A_late_record_within_the_grace_gives_its_own_window_and_changes_those_behind()
    {
        var job = Listing(Back10, static windowed => windowed.AllowedLateness(Ms(100)));
        job.Push("a:2@8", "b:x@30");
        job.Push("a:1@2");
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -2-9: 2", "a -8-3: 1", "a -2-9: 21" }));
    }

    [Test]
    public void A_record_too_late_for_its_own_window_counts_in_those_behind_that_are_open()
    {
        var job = Listing(Back10);
        job.Push("a:2@8"); // The watermark is 7.
        job.Push("a:1@2");
        job.End();
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a -2-9: 21" }));
        Assert.That(LateAt(job, "windows"), Is.Zero);
    }

    [Test]
    public void A_record_too_late_for_all_of_its_windows_is_late()
    {
        var job = CountingWithLate(Back10);
        job.Push("a@8", "b@30");
        job.Push("a@2");
        Assert.That(job.Outputs("late"), Is.EqualTo(new[] { "a@2" }));
    }
}
