namespace Anovos.Mlflow.Tests.Checks;

/// <summary>The schema for editors is created from the table, and accepts every sound file.</summary>
public class WorkflowSchemaTests
{
    [Fact]
    public void The_file_in_the_module_is_made_from_the_table()
    {
        string made = WorkflowSchema.Text();
        if (Environment.GetEnvironmentVariable("ANOVOS_TEST_RECORD_SCHEMA") == "true")
            File.WriteAllText(SchemaCheck.Path, made);
        Assert.True(made == File.ReadAllText(SchemaCheck.Path).Replace("\r", ""),
            "The schema is not the one of Checks/AnovosSteps.json. Record it by running this test with ANOVOS_TEST_RECORD_SCHEMA=true.");
    }

    [Theory]
    [MemberData(nameof(SoundFileTests.Numbers), MemberType = typeof(SoundFileTests))]
    public void A_sound_file_has_no_alarm(int number) => Assert.Equal([], SchemaCheck.Alarms(SoundFileTests.File(number)));

    [Fact]
    public void The_sound_workflows_and_the_samples_have_no_alarm()
    {
        string samples = Path.Combine(Tracking.SharedMaterial.Repository()!, "samples");
        string[] files = [.. Directory.GetFiles(samples, "config.yaml", SearchOption.AllDirectories).Select(File.ReadAllText)];
        Assert.True(files.Length >= 2);
        Assert.Equal([], files.Concat([Workflows.Small, Workflows.Full]).SelectMany(SchemaCheck.Alarms));
    }

    [Fact]
    public void Files_that_the_real_Anovos_ran_have_no_alarm()
    {
        string[] files = [.. SharedMistakesTests.EndedWell(), .. Directory.GetFiles(SharedMistakesTests.Folder("configs"), "*.yaml")];
        Assert.Equal([], files.SelectMany(file => SchemaCheck.Alarms(File.ReadAllText(file)).Select(alarm => $"{file} {alarm}")));
    }
}
