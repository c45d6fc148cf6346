namespace RaftStream.StreamStateMachine.Tests.Sinks.Delivery;

/// <summary>What a console sink prints.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ConsoleOutletTests
{
    private static readonly OutputBatch Batch = new("job", "counts", 1, false, [new(1, 0, "a 1"), new(2, 0, "b 1")]);

    [Test]
    public async Task Each_output_is_a_line_behind_the_name_of_its_sink()
    {
        using var console = new StringWriter();
        Assert.That(await new ConsoleOutlet().DeliverAsync(Batch, new(null!, console, TimeProvider.System), CancellationToken.None), Is.EqualTo(Delivered.Taken));
        Assert.That(console.ToString(), Is.EqualTo("counts> a 1\ncounts> b 1\n"));
    }

    [Test]
    public async Task A_console_that_fails_is_tried_again()
    {
        using var closed = new Broken();
        Assert.That(
            await new ConsoleOutlet().DeliverAsync(Batch, new(null!, closed, TimeProvider.System), CancellationToken.None), Is.EqualTo(new Delivered(DeliveryEnd.Again, "Nothing can be printed: The pipe is gone.")));
    }

    private sealed class Broken : StringWriter
    {
        public override Task WriteAsync(System.Text.StringBuilder? value, CancellationToken cancellationToken = default) => throw new IOException("The pipe is gone.");
    }
}
