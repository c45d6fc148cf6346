using System.Globalization;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A thread that writes and renames as fast as it can while a reader follows: renames fall between any two of its system calls.</summary>
[TestFixture]
internal sealed class RotationRaceTests
{
    private const int Files = 40;
    private const int LinesPerFile = 25;

    [Test]
    [CancelAfter(60_000)]
    public async Task A_reader_beside_a_rotating_writer_gets_each_line_once_and_in_order([Range(0, 4)] int round, CancellationToken cancellationToken)
    {
        using var folder = new SourceFolder();
        var source = Sources.Lines(folder.Write("a.log", "0\n"), new() { Follow = true, PollInterval = TimeSpan.FromMilliseconds(1) });
        var random = new Random(round);
        var writing = Task.Factory.StartNew(() => WriteAndRotate(folder), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var reader = await source.OpenAsync("a.log", default, cancellationToken);
        for (var number = 0; number < Files * LinesPerFile; number++)
        {
            Assert.That(await reader.ReadAsync(cancellationToken), Is.True);
            Assert.That(reader.Current.Value, Is.EqualTo(number.ToString(CultureInfo.InvariantCulture)));
            if (random.Next(20) > 0)
                continue;
            var position = reader.Position;
            await reader.DisposeAsync();
            reader = await source.OpenAsync("a.log", position, cancellationToken);
        }

        await reader.DisposeAsync();
        await writing;
    }

    private static void WriteAndRotate(SourceFolder folder)
    {
        for (var number = 1; number < Files * LinesPerFile; number++)
        {
            if (number % LinesPerFile == 0)
            {
                folder.Rename("a.log");
                folder.Write("a.log", "");
            }

            folder.Append("a.log", string.Create(CultureInfo.InvariantCulture, $"{number}\n"));
        }
    }
}
