using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting;
using RaftStream.Hosting.Streams;
using RaftStream.Samples;
using RaftStream.StreamStateMachine;

// Counts the words of a text with a replicated job, durable, in a cluster of one, and tells the ten most frequent. Started again it goes on where it was.
//   dotnet run -c Release --project samples/StreamJobs -- samples/data/moby-dick.txt data
if (args is not [var text, var folder])
{
    Console.Error.WriteLine("Give the text and a folder for the data: StreamJobs moby-dick.txt data");
    return 64;
}

var words = new WordCountJob(text);
var builder = Host.CreateApplicationBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddRaftStream(options =>
{
    options.Data = folder;
    options.Jobs.Add(words.Job);
});
using var host = builder.Build();
await host.StartAsync();
var jobs = host.Services.GetRequiredService<StreamJobs>();
await jobs.WaitForEndAsync(words.Job);
foreach (var row in (await jobs.ListAsync(words.Top)).Rows)
    Console.WriteLine($"{row.Key,2}. {row.Value.Word} {row.Value.Count}");
await host.StopAsync();
return 0;
